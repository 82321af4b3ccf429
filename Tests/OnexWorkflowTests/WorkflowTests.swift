import OnexCore
import OnexJSON
import OnexKernel
import Testing

@testable import OnexWorkflow

/// The orchestrator's decisions, without anything around them.
@Suite struct WorkflowTests {
  private static let text = """
    handler_name: order
    handler_type: orchestrator
    operations: [order.place]
    workflow:
      deadline_ms: 60000
      steps:
        - {name: a, operation: x.a, input: {n: $.input.n}}
        - {name: b, operation: x.b, input: {n: $.steps.a.output.n}, compensate: {operation: x.undo, input: {n: $.steps.b.output.n}}}
        - {name: c, operation: x.c, needs: [b], retry: {max_attempts: 2, initial_backoff_ms: 100, jitter: 0.5}}
    """

  private func driver() throws -> RunDriver { try RunDriver(WorkflowTests.text, "order.place") }

  @Test func intentsFollowTheDependencies() throws {
    var driver = try driver()
    let start = try driver.take(driver.request())
    #expect(start.intents.map(\.name) == ["a/1"] && start.intents[0].payload == #"{"n":1}"#)
    #expect(start.timers.contains(.set(name: "deadline", at: driver.now + .seconds(60))))
    let second = try driver.take(.response(intent: "a/1", .success(["n": 5])))
    #expect(second.intents.map(\.name) == ["b/1"] && second.intents[0].payload == #"{"n":5}"#)
    #expect(second.intents[0].idempotencyKey == "0193a5c8-7f2e-4b61-8a55-0123456789ab/b")
    let again = try driver.take(.response(intent: "a/1", .success(["n": 9])))
    #expect(again.events.isEmpty && again.intents.isEmpty, "an answer counts once")
    _ = try driver.take(.response(intent: "b/1", .success(["n": 6])))
    let end = try driver.take(.response(intent: "c/1", .success(["done": true])))
    guard case .everyone(.success(let output)) = end.answer else { return #expect(Bool(false), "\(end.answer)") }
    #expect(output == #"{"a":{"n":5},"b":{"n":6},"c":{"done":true}}"#)
    #expect(end.isClosed)
  }

  @Test func aStepThatIsOutOfAttemptsIsTakenBack() throws {
    var driver = try driver()
    _ = try driver.take(driver.request())
    _ = try driver.take(.response(intent: "a/1", .success(["n": 5])))
    _ = try driver.take(.response(intent: "b/1", .success(["n": 6])))
    let down = IntentResult.failure(ResponseError(.handlerUnavailable, "down"))
    let retry = try driver.take(.response(intent: "c/1", down))
    #expect(retry.intents.isEmpty && retry.answer.isNone)
    let late = try driver.take(.response(intent: "c/1", down))
    #expect(late.events.isEmpty, "the attempt is over")
    let second = try driver.fire("retry/c/2")
    #expect(second.intents.map(\.name) == ["c/2"])
    let undo = try driver.fire("timeout/c/2")
    #expect(undo.intents.map(\.name) == ["b/compensation/1"] && undo.intents[0].payload == #"{"n":6}"#)
    let end = try driver.take(.response(intent: "b/compensation/1", .success([:])))
    guard case .everyone(.failure(let error)) = end.answer else { return #expect(Bool(false), "\(end.answer)") }
    #expect(error.code == .handlerTimeout && error.details?["compensated"] == ["b"])
    #expect(error.details?["outcome_unknown"] == ["c"] && error.message.hasSuffix("the outcome of c is unknown"))
  }

  /// The same log always gives the same state, and the same decisions the same jitter.
  @Test func aReplayGivesTheSame() throws {
    func play() throws -> (JSONValue?, [NewEvent], [Reaction.Timer]) {
      var driver = try driver()
      _ = try driver.take(driver.request())
      _ = try driver.take(.response(intent: "a/1", .success(["n": 5])))
      _ = try driver.take(.response(intent: "b/1", .success(["n": 6])))
      let retry = try driver.take(.response(intent: "c/1", .failure(ResponseError(.handlerUnavailable, "down"))))
      return (driver.state, driver.events, retry.timers)
    }
    let (first, second) = (try play(), try play())
    #expect(first.0 == second.0 && first.1 == second.1 && first.2 == second.2)
  }

  @Test func anInputThatCannotBeMadeFailsItsStep() throws {
    var driver = try driver()
    let reaction = try driver.take(driver.request([:]))
    guard case .everyone(.failure(let error)) = reaction.answer else { return #expect(Bool(false), "\(reaction.answer)") }
    #expect(error.code == .schemaViolation && error.message.contains("$.input.n has no value"))
  }

  @Test func whatNobodyWroteIsNotRead() throws {
    var driver = try driver()
    let start = try driver.take(driver.request()).events[0]
    #expect(throws: MalformedRun.self) {
      try driver.workflow.evolve(driver.state, StreamEvent(type: start.type, payload: start.payload, time: driver.now))
    }
    #expect(throws: MalformedRun.self) {
      try driver.workflow.evolve(nil, StreamEvent(type: "step.started", payload: [:], time: driver.now))
    }
    #expect(throws: MalformedRun.self) {
      try driver.workflow.evolve(nil, StreamEvent(type: "nonsense", payload: [:], time: driver.now))
    }
    #expect(CallName("a/b/c") == nil && CallName("a") == nil && TimerName("retry/a") == nil)
    #expect(
      CallName("a/compensation/2")?.description == "a/compensation/2" && TimerName("timeout/a/1")?.description == "timeout/a/1")
    #expect(TimerName("late/a") == .late("a"))
  }
}
