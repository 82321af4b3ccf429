import OnexCore
import ProcessTestSupport
import Testing

/// Faults of processes, broker and database under load, on the built executables. `make chaos` runs the full length.
@Suite(.serialized, .timeLimit(.minutes(60))) struct ChaosTests {
  @Test(arguments: try ChaosLength.scenarios()) func nothingIsLostOrDoneTwice(_ scenario: Scenario) async throws {
    let length = try ChaosLength.fromEnvironment()
    let plan = ChaosPlan(scenario, length)
    let title = "chaos: \(scenario) with seed \(length.seed), \(plan.faults.count) faults"
    Announcement.say(title)
    let stack = try await ChaosStack()
    do {
      let run = ChaosRun(stack, seed: length.seed)
      try await run.execute(plan)
      let record = try await run.record()
      let violations = InvariantCheck.violations(of: record)
      let resident = record.resident.mapValues { "\($0 >> 20) MiB" }.sorted { $0.key < $1.key }.map { "\($0) \($1)" }
      Announcement.say(
        "\(title): \(record.sent.count) requests, \(record.answers.count) answers, \(resident.joined(separator: ", "))")
      #expect(!record.sent.isEmpty)
      #expect(violations.isEmpty, "\(title): \(violations.count) violations, the first: \(violations.prefix(10))")
      await stack.remove()
    } catch {
      Announcement.say("\(title): \(error)")
      await stack.remove()
      throw error
    }
  }
}
