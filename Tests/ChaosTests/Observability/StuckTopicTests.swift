import OnexCore
import ProcessTestSupport
import Testing

/// A table that takes no rows is the trouble of its own topic.
@Suite(.timeLimit(.minutes(10))) struct StuckTopicTests {
  @Test func theOtherTopicsGoOnAndNothingIsPutAside() async throws {
    let length = try ChaosLength.fromEnvironment()
    let title = "observability chaos: a stuck topic with seed \(length.seed)"
    Announcement.say(title)
    let stuck = ObservedTable.routingDecisions
    // A second after the table is back the circuit lets a write through.
    try await ConsumerStack.with(["OMNIBASE_INFRA_AGENT_ACTIONS_CIRCUIT_BREAKER_RESET_TIMEOUT": "1"]) { stack in
      let run = ConsumerRun(stack, seed: length.seed)
      try await run.load.send(200)
      try await stack.untilSettled()
      try await stack.execute("ALTER TABLE \(stuck.rawValue) RENAME TO elsewhere")
      try await run.load.send(400)
      var others: [StorageCheck.Violation] = []
      _ = try? await TestEnvironment.eventually("the other topics go on", within: .seconds(20)) {
        let record = try await StorageRecord(stack, sent: run.load.sent, absent: stuck)
        others = StorageCheck.violations(of: record).filter { $0.table != stuck || $0.rule == .letterUnknown }
        return others.isEmpty ? true : nil
      }
      #expect(others.isEmpty, "\(title): \(others.count) violations elsewhere, the first: \(others.prefix(5))")
      let ready = try await stack.get("/ready")
      let reasons = ready?.body["reasons"]?.array ?? []
      #expect(ready?.status == 503 && reasons.contains { $0["message"]?.string?.contains(stuck.rawValue) == true }, "\(reasons)")
      try await stack.execute("ALTER TABLE elsewhere RENAME TO \(stuck.rawValue)")
      try await stack.untilSettled()
      try await run.expectSound(title)
    }
  }
}
