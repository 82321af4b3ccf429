import OnexCore
import OnexJSON
import OnexTestSupport
import Testing

/// Declarative orchestrators over all roles.
@Suite(.timeLimit(.minutes(1))) struct WorkflowTests {
  private func events(_ harness: Harness) async throws -> [RecordedEvent] {
    try await harness.runtime.store.events(.all, after: nil, until: nil, countMax: 1000).map(\.event)
  }

  @Test func stepsRunWhenTheirInputsAreThere() async throws {
    let harness = try Harness()
    let answer = try await harness.runtime.withRunning { try await harness.ask("order.place", #"{"item":"book"}"#) }
    #expect(answer["payload"] == ["paid": ["cost": 7], "literal": "$.not.a.reference"], "\(answer)")
    #expect(answer["handler"] == "order" && answer["duration_ms"] != nil)
    let events = try await events(harness)
    #expect(events.map(\.event.type).first == "workflow.started" && events.last?.event.type == "onex.request_answered")
    #expect(events.filter { $0.event.type == "step.succeeded" }.count == 4)
    // price and stock wait for nothing; reserve waits for both.
    #expect(events.prefix(3).map(\.event.type) == ["workflow.started", "step.started", "step.started"])
    #expect(Set(events.map(\.event.correlationID)).count == 1, "one correlation id along the chain")
    #expect(harness.runtime.store.timersPending == 0)
    let runs = harness.runtime.store.projection("workflow_runs")
    #expect(try JSONValue.parse(runs.values.first ?? "{}")["status"] == "succeeded")
  }

  @Test func aFailedStepTakesBackWhatWasDoneInReverse() async throws {
    let harness = try Harness()
    let answer = try await harness.runtime.withRunning { try await harness.ask("failing_order.place", #"{"item":"book"}"#) }
    let error = try #require(answer["error"])
    #expect(error["code"] == "NOT_ALLOWED" && error["message"] == "step charge failed: not here")
    #expect(error["details"]?["step"] == "charge" && error["details"]?["cause"] == ["place": "here"])
    #expect(error["details"]?["compensated"] == ["stock", "reserve"])
    let taken = try await events(harness).filter { $0.event.type == "compensation.succeeded" }
    #expect(taken.map { $0.event.payload.text } == [#"{"step":"reserve"}"#, #"{"step":"stock"}"#])
    #expect(harness.runtime.store.timersPending == 0)
  }

  @Test func aStepIsTriedAgainAfterItsBackoffs() async throws {
    try await Harness.simulate { harness, clock in
      let answer = try await harness.ask("down_order.place", #"{"item":"book"}"#)
      #expect(answer["error"]?["details"]?["compensated"] == ["stock", "reserve"])
      #expect((3000..<4000).contains(answer["duration_ms"]?.double ?? 0), "after 1 s and 2 s: \(answer)")
      let attempts = try await events(harness).filter { $0.event.type == "step.retrying" }
      #expect(attempts.count == 2, "three attempts")
    }
  }

  @Test func aRunThatIsNotDoneByItsDeadlineIsAnsweredAndTakenBack() async throws {
    try await Harness.simulate { harness, clock in
      let deadline = (clock.now() + .milliseconds(700)).rfc3339
      let answer = try await harness.ask("hanging_order.place", #"{"item":"book"}"#, extra: #","deadline":"\#(deadline)""#)
      #expect(answer["error"]?["code"] == "DEADLINE_EXCEEDED")
      #expect((700..<1000).contains(answer["duration_ms"]?.double ?? 0), "in time: \(answer)")
      try await clock.sleep(for: .seconds(5))
      let types = try await events(harness).map(\.event.type)
      #expect(types.last == "workflow.failed" && types.filter { $0 == "compensation.succeeded" }.count == 2, "\(types)")
      #expect(harness.runtime.store.timersPending == 0)
    }
  }

  @Test func aRepeatUnderAKeyJoinsTheRun() async throws {
    let harness = try Harness()
    try await harness.runtime.withRunning {
      let key = #","idempotency_key":"order-1""#
      async let first = harness.ask("order.place", #"{"item":"book"}"#, extra: key)
      async let second = harness.ask("order.place", #"{"item":"book"}"#, extra: key)
      #expect(try await first["payload"] == second["payload"])
      #expect(try await harness.ask("order.place", #"{"item":"book"}"#, extra: key)["success"] == true)
      let other = try await harness.ask("order.place", #"{"item":"pen"}"#, extra: key)
      #expect(other["error"]?["code"] == "CONFLICT")
    }
    #expect(try await events(harness).filter { $0.event.type == "workflow.started" }.count == 1)
  }

  @Test func aPayloadAgainstTheSchemaStartsNothing() async throws {
    let harness = try Harness()
    let answer = try await harness.runtime.withRunning { try await harness.ask("order.place") }
    #expect(answer["error"]?["code"] == "SCHEMA_VIOLATION")
    #expect(try await events(harness).isEmpty)
  }

  /// Nobody answers, but the deadline does; the late answer is dropped.
  @Test func aDeadlineIsKeptWhenTheHandlerHangs() async throws {
    try await Harness.simulate { harness, clock in
      let deadline = (clock.now() + .milliseconds(300)).rfc3339
      let answer = try await harness.ask("sleeping.long", extra: #","deadline":"\#(deadline)""#)
      #expect(answer["error"]?["code"] == "DEADLINE_EXCEEDED")
      try await clock.sleep(for: .seconds(120))
      #expect(try await harness.records(of: Topics.responses).count == 1)
      #expect(harness.runtime.store.timersPending == 0)
    }
  }
}
