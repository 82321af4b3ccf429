import OnexCore
import OnexJSON
import OnexKernel
import Testing

@testable import OnexWorkflow

/// Attempts whose time is over, answers that come late or say nothing, and what becomes of the effect behind them.
@Suite struct UnknownOutcomeTests {
  private static let text = """
    handler_name: order
    handler_type: orchestrator
    operations: [order.pay]
    workflow:
      deadline_ms: 60000
      steps:
        - name: pay
          operation: x.pay
          timeout_ms: 2000
          retry: {max_attempts: 3, initial_backoff_ms: 500, multiplier: 1, jitter: 0}
          compensate: {operation: x.refund, input: {n: $.input.n}}
        - {name: ship, operation: x.ship, needs: [pay], timeout_ms: 2000}
    """

  private func begun() throws -> RunDriver {
    var driver = try RunDriver(UnknownOutcomeTests.text, "order.pay")
    _ = try driver.take(driver.request())
    return driver
  }

  private static let down = IntentResult.failure(ResponseError(.handlerUnavailable, "down"))

  @Test func oneKeyForAllAttemptsAndOneForTheCompensation() throws {
    var driver = try begun()
    var keys: [String?] = []
    for attempt in 1...2 {
      _ = try driver.fire("timeout/pay/\(attempt)")
      keys += try driver.fire("retry/pay/\(attempt + 1)").intents.map(\.idempotencyKey)
    }
    _ = try driver.fire("timeout/pay/3")
    let undo = try driver.fire("late/pay")
    keys += undo.intents.map(\.idempotencyKey)
    #expect(undo.intents.map(\.order) == ["pay"], "behind the attempts of its step")
    let run = "0193a5c8-7f2e-4b61-8a55-0123456789ab"
    #expect(keys == ["\(run)/pay", "\(run)/pay", "\(run)/pay/compensation"])
  }

  /// The limit of an attempt does not travel; the run's deadline does, and not with a compensation.
  @Test func onlyTheRunsDeadlineTravels() throws {
    var driver = try RunDriver(UnknownOutcomeTests.text, "order.pay")
    let start = try driver.take(driver.request())
    let deadline = driver.now + .seconds(60)
    #expect(start.intents.map(\.deadline) == [deadline] && driver.timers["timeout/pay/1"] == driver.now + .seconds(2))
    _ = try driver.take(.response(intent: "pay/1", .success([:])))
    let undo = try driver.take(.response(intent: "ship/1", .failure(ResponseError(.notAllowed, "no"))))
    #expect(undo.intents.map(\.name) == ["pay/compensation/1"] && undo.intents[0].deadline == nil)
  }

  @Test(arguments: ["retrying", "running again", "unknown"])
  func aSuccessOfAnEarlierAttemptCounts(_ state: String) throws {
    var driver = try begun()
    _ = try driver.fire("timeout/pay/1")
    if state != "retrying" { _ = try driver.fire("retry/pay/2") }
    if state == "unknown" {
      _ = try driver.fire("timeout/pay/2")
      _ = try driver.fire("retry/pay/3")
      _ = try driver.fire("timeout/pay/3")
      #expect(driver.timers["late/pay"] == driver.now + .seconds(30))
    }
    let next = try driver.take(.response(intent: "pay/1", .success(["paid": true])))
    if state == "unknown" {
      #expect(next.intents.map(\.name) == ["pay/compensation/1"], "the run has failed: a late success is taken back")
      let end = try driver.take(.response(intent: "pay/compensation/1", .success([:])))
      #expect(end.failure?.details?["compensated"] == ["pay"] && end.failure?.details?["outcome_unknown"] == nil)
    } else {
      #expect(next.intents.map(\.name) == ["ship/1"], "the run goes on")
      let again = try driver.take(.response(intent: "pay/2", .success(["paid": 2])))
      #expect(again.events.isEmpty && again.intents.isEmpty, "once")
      let end = try driver.take(.response(intent: "ship/1", .success([:])))
      #expect(end.success == #"{"pay":{"paid":true},"ship":{}}"#)
    }
  }

  @Test func aStepWithoutAnAnswerIsCompensatedAndTheAnswerSaysSo() throws {
    var driver = try begun()
    for attempt in 1...3 {
      _ = try driver.fire("timeout/pay/\(attempt)")
      if attempt < 3 { _ = try driver.fire("retry/pay/\(attempt + 1)") }
    }
    let waiting = try driver.run()
    #expect(waiting.status == .compensating && driver.timers.keys.contains("late/pay"))
    let undo = try driver.fire("late/pay")
    #expect(undo.intents.map(\.name) == ["pay/compensation/1"])
    let late = try driver.take(.response(intent: "pay/3", .success([:])))
    #expect(late.events.isEmpty, "too late to be told apart")
    let end = try driver.take(.response(intent: "pay/compensation/1", .success([:])))
    let error = try #require(end.failure)
    #expect(error.code == .handlerTimeout && error.message.contains("the outcome of pay is unknown"))
    #expect(error.details?["outcome_unknown"] == ["pay"] && error.details?["compensated"] == ["pay"])
  }

  /// Once every attempt has been answered there is nothing to wait for.
  @Test func theWaitEndsWithTheLastLateAnswer() throws {
    var driver = try begun()
    _ = try driver.fire("timeout/pay/1")
    _ = try driver.fire("retry/pay/2")
    _ = try driver.take(.response(intent: "pay/2", UnknownOutcomeTests.down))
    _ = try driver.fire("retry/pay/3")
    let lost = try driver.take(.response(intent: "pay/3", UnknownOutcomeTests.down))
    #expect(lost.intents.isEmpty && driver.timers["late/pay"] != nil, "the first attempt may be answered yet")
    let undo = try driver.take(.response(intent: "pay/1", UnknownOutcomeTests.down))
    #expect(undo.intents.map(\.name) == ["pay/compensation/1"] && driver.timers["late/pay"] == nil)
  }

  @Test(arguments: [
    ErrorCode.handlerTimeout, .handlerUnavailable, .indeterminate, .cancelled, .deadlineExceeded, .outputTooLarge, .internalError,
  ])
  func anAnswerThatDoesNotSayWhatWasDoneIsNotTakenForNothing(_ code: ErrorCode) throws {
    var driver = try begun()
    var last = try driver.take(.response(intent: "pay/1", .failure(ResponseError(code, "?"))))
    for attempt in 2...3 where driver.timers["retry/pay/\(attempt)"] != nil {
      _ = try driver.fire("retry/pay/\(attempt)")
      last = try driver.take(.response(intent: "pay/\(attempt)", .failure(ResponseError(code, "?"))))
    }
    #expect(last.intents.map(\.name) == ["pay/compensation/1"], "it is compensated")
    let end = try driver.take(.response(intent: "pay/compensation/1", .success([:])))
    #expect(end.failure?.code == (code == .deadlineExceeded ? .handlerTimeout : code))
    #expect(end.failure?.details?["outcome_unknown"] == ["pay"])
  }

  /// A step may not say that the run's time is over.
  @Test func aDeadlineExceededOfAStepDoesNotEndTheRun() throws {
    var driver = try begun()
    let early = try driver.take(.response(intent: "pay/1", .failure(ResponseError(.deadlineExceeded, "the clock is ahead"))))
    let run = try driver.run()
    #expect(early.answer.isNone && run.status == .running)
    #expect(try driver.fire("retry/pay/2").intents.map(\.name) == ["pay/2"])
  }

  @Test(arguments: [ErrorCode.notAllowed, .schemaViolation, .unknownOperation, .handlerFailed])
  func aStepThatDidNothingIsNotCompensated(_ code: ErrorCode) throws {
    var driver = try begun()
    let end = try driver.take(.response(intent: "pay/1", .failure(ResponseError(code, "no"))))
    #expect(end.failure?.details?["compensated"] == [] && end.failure?.details?["outcome_unknown"] == nil && end.isClosed)
  }

  /// A refusal of the second attempt says nothing about the first.
  @Test func aRefusalDoesNotAnswerForAnEarlierAttempt() throws {
    var driver = try begun()
    _ = try driver.take(.response(intent: "pay/1", UnknownOutcomeTests.down))
    _ = try driver.fire("retry/pay/2")
    let undo = try driver.take(.response(intent: "pay/2", .failure(ResponseError(.notAllowed, "no"))))
    #expect(undo.intents.map(\.name) == ["pay/compensation/1"])
  }

  @Test func aStepUnderWayAtTheDeadlineIsTakenBackWhenItSucceeds() throws {
    var driver = try RunDriver(UnknownOutcomeTests.text, "order.pay")
    _ = try driver.take(driver.request(deadline: driver.now + .milliseconds(500)))
    let answer = try driver.fire("deadline")
    let error = try #require(answer.failure)
    #expect(error.code == .deadlineExceeded && error.details?["outcome_unknown"] == ["pay"])
    #expect(error.message.contains("the outcome of pay is unknown") && !error.message.contains("is taken back"))
    #expect(answer.intents.isEmpty && driver.timers["timeout/pay/1"] != nil, "it is waited for")
    let undo = try driver.take(.response(intent: "pay/1", .success([:])))
    #expect(undo.intents.map(\.name) == ["pay/compensation/1"])
    let end = try driver.take(.response(intent: "pay/compensation/1", .success([:])))
    let run = try driver.run()
    #expect(end.isClosed && run.error?.details?["compensated"] == ["pay"])
  }

  @Test func aStepUnderWayAtTheDeadlineThatIsNeverAnsweredIsCompensated() throws {
    var driver = try RunDriver(UnknownOutcomeTests.text, "order.pay")
    _ = try driver.take(driver.request(deadline: driver.now + .milliseconds(500)))
    _ = try driver.fire("deadline")
    #expect(try driver.fire("timeout/pay/1").intents.isEmpty, "no new attempt after the deadline")
    #expect(try driver.fire("late/pay").intents.map(\.name) == ["pay/compensation/1"])
    for attempt in 1...3 {
      _ = try driver.fire("timeout/pay/compensation/\(attempt)")
      if attempt < 3 { _ = try driver.fire("retry/pay/compensation/\(attempt + 1)") }
    }
    let run = try driver.run()
    #expect(run.status == .failed && run.error?.details?["compensation_failed"] == ["pay"])
    #expect(run.error?.details?["outcome_unknown"] == ["pay"])
  }

  /// A step that waits for its backoff at the deadline has an attempt behind it.
  @Test func aStepBetweenItsAttemptsAtTheDeadlineIsNotForgotten() throws {
    var driver = try RunDriver(UnknownOutcomeTests.text, "order.pay")
    _ = try driver.take(driver.request(deadline: driver.now + .milliseconds(2200)))
    _ = try driver.fire("timeout/pay/1")
    let answer = try driver.fire("deadline")
    #expect(answer.failure?.details?["outcome_unknown"] == ["pay"])
    #expect(driver.timers["retry/pay/2"] == nil && driver.timers["late/pay"] != nil)
    let undo = try driver.take(.response(intent: "pay/1", .success([:])))
    #expect(undo.intents.map(\.name) == ["pay/compensation/1"])
  }

  /// Taking back takes longer than there was time: the client is answered by its deadline with the error that is known.
  @Test func aClientIsAnsweredByItsDeadlineWhileARunIsTakenBack() throws {
    var driver = try begun()
    _ = try driver.take(.response(intent: "pay/1", .success([:])))
    _ = try driver.take(.response(intent: "ship/1", .failure(ResponseError(.notAllowed, "no"))))
    let answer = try driver.fire("deadline")
    #expect(answer.failure?.code == .notAllowed && answer.failure?.details?["compensated"] == [])
    #expect(answer.failure?.message.contains("taking back goes on") == true)
    let end = try driver.take(.response(intent: "pay/compensation/1", .success([:])))
    let run = try driver.run()
    #expect(end.isClosed && run.error?.details?["compensated"] == ["pay"])
  }

  /// The contract is gone: the state says how the run goes on. A new request is refused.
  @Test func aRunGoesOnWithoutItsContract() throws {
    let heir = try #require(Workflow.withoutContract)
    var driver = try begun()
    let state = try #require(driver.state)
    #expect(heir.owns(state) && !heir.owns(["total": 1]))
    _ = try driver.fire("timeout/pay/1", by: heir)
    #expect(try driver.fire("retry/pay/2", by: heir).intents.map(\.name) == ["pay/2"])
    #expect(try driver.take(.response(intent: "pay/1", .success([:])), by: heir).intents.map(\.name) == ["ship/1"])
    #expect(try driver.take(.response(intent: "ship/1", .success([:])), by: heir).success == #"{"pay":{},"ship":{}}"#)
    #expect(throws: HandlerError.self) { try heir.decide(nil, driver.request(), now: driver.now) }
    #expect(throws: (any Error).self) { try heir.decide(["total": 1], .timer(name: "deadline"), now: driver.now) }
  }

  /// Events as an earlier version wrote them give the state that it kept.
  @Test func earlierEventsGiveTheStateOfThen() throws {
    let driver = try begun()
    let event = StreamEvent(
      type: "step.retrying",
      payload: ["step": "pay", "attempt": 1, "error": ["code": "HANDLER_TIMEOUT", "message": "late", "retryable": true]],
      time: driver.now)
    let step = try driver.workflow.evolve(driver.state, event)["steps"]?["pay"]
    #expect(step?.object?.members.map(\.name) == ["state", "attempt", "started_at", "ended_at", "error"])
  }
}
