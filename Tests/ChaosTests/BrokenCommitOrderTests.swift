import ProcessTestSupport
import Testing

/// A test of the check: a `runtime-main` that publishes before it commits must not pass it.
@Suite(.timeLimit(.minutes(5))) struct BrokenCommitOrderTests {
  @Test func aBuildThatPublishesBeforeItCommitsIsFoundByOneKill() async throws {
    let length = try ChaosLength.fromEnvironment()
    Announcement.say("chaos: broken commit order with seed \(length.seed)")
    let broken = try TestEnvironment.value("ONEX_TEST_BIN_DIR") + "/late-commit-main"
    let stack = try await ChaosStack(replacing: [.main: broken])
    do {
      let plan = ChaosPlan(faults: [ChaosPlan.Fault(pause: .seconds(4), kind: .kill(.main, downtime: .zero))])
      let run = ChaosRun(stack, seed: length.seed, kinds: [.echo, .write])
      try await run.execute(plan)
      let violations = InvariantCheck.violations(of: try await run.record())
      #expect(violations.contains { $0.rule == .notRecorded }, "\(violations.prefix(10))")
      await stack.remove()
    } catch {
      await stack.remove()
      throw error
    }
  }
}
