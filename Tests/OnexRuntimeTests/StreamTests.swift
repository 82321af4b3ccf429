import OnexCore
import OnexJSON
import OnexTestSupport
import Testing

/// Reducers as their clients see them.
@Suite(.timeLimit(.minutes(1))) struct StreamTests {
  @Test func aReducerKeepsStateByItsKey() async throws {
    let harness = try Harness()
    try await harness.runtime.withRunning {
      for (id, expected) in [("a", 2), ("b", 2), ("a", 4)] {
        let answer = try await harness.ask("counter.add", #"{"id":"\#(id)","n":2}"#)
        #expect(answer["payload"]?["total"]?.integer == Int64(expected) && answer["handler"] == "counter")
      }
    }
    #expect(harness.runtime.store.projection("counters") == ["a": #"{"total":4}"#, "b": #"{"total":2}"#])
  }

  @Test func requestsOfOneStreamAtOnceAreAllCounted() async throws {
    let harness = try Harness()
    try await harness.runtime.withRunning {
      try await withThrowingTaskGroup(of: Int64?.self) { group in
        // Under different keys, so that they come over different partitions.
        for _ in 0..<100 {
          group.addTask { try await harness.ask("counter.add", #"{"id":"one"}"#)["payload"]?["total"]?.integer }
        }
        let totals = try await group.reduce(into: [Int64?]()) { $0.append($1) }
        #expect(Set(totals.compactMap(\.self)) == Set(1...100), "each saw the count of its own turn")
      }
    }
  }

  @Test func aRepeatIsCountedOnce() async throws {
    let harness = try Harness()
    try await harness.runtime.withRunning {
      // The same message again, and the same key in another message.
      let id = CorrelationID(RawUUID(high: 1, low: 1))
      let cases = [(#","envelope_id":"0193a5c8-7f2e-4b61-8a55-0123456789ab""#, id), (#","idempotency_key":"k-9""#, nil)]
      for (extra, correlation) in cases {
        let first = try await harness.ask("counter.add", #"{"id":"a"}"#, extra: extra, correlation: correlation)
        let second = try await harness.ask("counter.add", #"{"id":"a"}"#, extra: extra, correlation: correlation)
        #expect(first["payload"] == second["payload"], "\(extra)")
      }
      let other = try await harness.ask("counter.add", #"{"id":"b"}"#, extra: #","idempotency_key":"k-9""#)
      #expect(other["error"]?["code"] == "CONFLICT")
      let total = try await harness.ask("counter.add", #"{"id":"a"}"#)
      #expect(total["payload"]?["total"] == 3)
    }
  }

  @Test func whatAReducerRefusesLeavesNothing() async throws {
    let harness = try Harness()
    try await harness.runtime.withRunning {
      _ = try await harness.ask("counter.add", #"{"id":"a"}"#)
      let refused = try await harness.ask("counter.refuse", #"{"id":"a"}"#)
      #expect(refused["error"]?["code"] == "NOT_ALLOWED" && refused["error"]?["message"] == "counting to 1 is enough")
      #expect(try await harness.ask("counter.add", #"{"id":"a"}"#)["payload"]?["total"] == 2)
      #expect(harness.runtime.store.timersPending == 0)
    }
  }

  @Test(arguments: [#"{"n":1}"#, #"{"id":""}"#, #"{"id":{}}"#, #"{"id":"\#(String(repeating: "x", count: 256))"}"#])
  func aRequestThatNamesNoStreamIsRefused(_ payload: String) async throws {
    let harness = try Harness()
    let answer = try await harness.runtime.withRunning { try await harness.ask("counter.add", payload) }
    #expect(answer["error"]?["code"] == "SCHEMA_VIOLATION")
    #expect(answer["error"]?["message"]?.string?.contains("/id") == true)
  }

  @Test func aTimerAnswersWhenItsTimeHasCome() async throws {
    try await Harness.simulate { harness, clock in
      let answer = try await harness.ask("counter.later", #"{"id":"a","n":3}"#)
      #expect(answer["payload"] == ["timer": "later", "total": 3])
      #expect((10_000..<10_300).contains(answer["duration_ms"]?.double ?? 0), "in time: \(answer)")
      try await clock.sleep(for: .seconds(1))
      #expect(harness.runtime.store.timersPending == 0)
    }
  }

  @Test func theAnswerOfAnIntentComesBackToTheStream() async throws {
    let harness = try Harness()
    let answer = try await harness.runtime.withRunning { try await harness.ask("counter.ask", #"{"id":"a"}"#) }
    #expect(answer["payload"] == ["intent": "ask/0", "asked": 0])
    #expect(answer["onex_reply_to"] == nil)
  }

  /// A client cannot direct answers to streams: the field that says so is the runtime's own.
  @Test func aClientsMarkIsTakenOff() async throws {
    let harness = try Harness()
    let answer = try await harness.runtime.withRunning {
      try await harness.ask("quick.echo", extra: ##","onex_reply_to":"ask/0#counter/a""##)
    }
    #expect(answer["success"] == true && answer["onex_reply_to"] == nil)
  }
}
