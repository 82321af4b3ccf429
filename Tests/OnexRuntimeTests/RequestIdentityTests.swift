import OnexCore
import OnexJSON
import OnexTestSupport
import Testing

/// One request, one effect, one answer: whatever is repeated, forged or late.
@Suite(.timeLimit(.minutes(1)), .serialized) struct RequestIdentityTests {
  private static let envelope = "0193a5c8-7f2e-4b61-8a55-0123456789ab"

  /// Answers of several requests that are sent at once.
  private func together(
    _ harness: Harness, _ requests: [(operation: String, payload: String, extra: String)]
  ) async throws -> [JSONValue] {
    try await withThrowingTaskGroup(of: (Int, JSONValue).self) { group in
      for (index, request) in requests.enumerated() {
        group.addTask { (index, try await harness.ask(request.operation, request.payload, extra: request.extra)) }
      }
      return try await group.reduce(into: [Int: JSONValue]()) { $0[$1.0] = $1.1 }.sorted { $0.key < $1.key }.map(\.value)
    }
  }

  private func answers(_ harness: Harness, to correlation: CorrelationID) async throws -> [JSONValue] {
    try await harness.records(of: "responses").map { try JSONValue.parse($0.value ?? .empty) }
      .filter { $0["correlation_id"]?.string == correlation.description }
  }

  private func code(_ answer: JSONValue) -> String { answer["error"]?["code"]?.string ?? "ok" }

  // MARK: - Idempotency keys

  @Test(arguments: ["paying.pay", "paying_once.pay"])
  func repeatsUnderAKeyWaitForTheAnswerOfTheFirst(_ operation: String) async throws {
    let id = "wait-\(operation)"
    try await Harness.simulate { harness, _ in
      let requests = (0..<3).map { _ in (operation, #"{"id":"\#(id)","ms":6000}"#, #","idempotency_key":"pay-1""#) }
      let answers = try await together(harness, requests)
      #expect(answers.allSatisfy { $0["payload"] == ["paid": 6000] }, "\(answers)")
      #expect(Set(answers.compactMap { $0["envelope_id"]?.string }).count == 3)
    }
    #expect(Paying.runs(of: id) == 1)
  }

  @Test func anotherPayloadUnderAKeyThatIsUnderWayIsRefusedAndNotCarriedOut() async throws {
    try await Harness.simulate { harness, _ in
      let requests = (0..<4).map { n in
        ("paying.pay", #"{"id":"conflict","ms":\#(1000 + n)}"#, #","idempotency_key":"pay-2""#)
      }
      let answers = try await together(harness, requests)
      #expect(answers.filter { $0["success"] == true }.count == 1, "\(answers)")
      #expect(answers.filter { code($0) == "CONFLICT" }.count == 3)
    }
    #expect(Paying.runs(of: "conflict") == 1)
  }

  @Test func aFailureThatMayBeRetriedFreesTheKeyForTheRepeatThatWaits() async throws {
    try await Harness.simulate { harness, _ in
      let requests = (0..<2).map { _ in
        ("paying.pay", #"{"id":"freed","ms":1000,"fail":true}"#, #","idempotency_key":"pay-3""#)
      }
      let answers = try await together(harness, requests)
      #expect(answers.map(code) == ["HANDLER_UNAVAILABLE", "HANDLER_UNAVAILABLE"])
    }
    #expect(Paying.runs(of: "freed") == 2, "one after the other")
  }

  @Test func aKeyBelongsToItsSource() async throws {
    try await Harness.simulate { harness, _ in
      for source in ["a", "b", "e\u{301}", "\u{E9}"] {
        let extra = #","idempotency_key":"order-7","source_node":"\#(source)""#
        let answer = try await harness.ask("paying.pay", #"{"id":"source","ms":\#(source.utf8.count)}"#, extra: extra)
        #expect(answer["success"] == true, "\(source): \(answer)")
      }
    }
    #expect(Paying.runs(of: "source") == 4)
  }

  /// Whoever leaves the id of the message to the runtime has no other keys.
  @Test func aKeyIsOneWithAndWithoutAnID() async throws {
    try await Harness.simulate { harness, _ in
      for id in ["", #","envelope_id":"\#(RandomIDSource().next())""#, ""] {
        let answer = try await harness.ask("paying.pay", #"{"id":"both"}"#, extra: #","idempotency_key":"both""# + id)
        #expect(answer["success"] == true, "\(answer)")
      }
      let other = try await harness.ask("paying.pay", #"{"id":"both","ms":1}"#, extra: #","idempotency_key":"both""#)
      #expect(code(other) == "CONFLICT")
    }
    #expect(Paying.runs(of: "both") == 1)
  }

  @Test func aRefusedRequestDoesNotOccupyTheKeyOfOneThatRuns() async throws {
    try await Harness.simulate { harness, clock in
      async let first = harness.ask("paying.pay", #"{"id":"refused","ms":5000}"#, extra: #","idempotency_key":"pay-5""#)
      try await clock.sleep(for: .seconds(1))
      let late = try await harness.ask(
        "paying.pay", #"{"id":"refused","ms":5000}"#, extra: #","idempotency_key":"pay-5","deadline":"2000-01-01T00:00:00Z""#)
      #expect(code(late) == "DEADLINE_EXCEEDED")
      let answer = try await first
      #expect(answer["success"] == true)
    }
  }

  // MARK: - Envelope ids

  @Test(arguments: ["paying.pay", "quick.echo", "counter.add", "order.place", "nobody.knows"])
  func anotherRequestUnderAUsedEnvelopeIDIsAnsweredConflict(_ operation: String) async throws {
    try await Harness.simulate { harness, _ in
      let extra = #","envelope_id":"\#(Self.envelope)""#
      func payload(_ n: Int) -> String { #"{"id":"envelope-\#(operation)","n":\#(n),"item":"\#(n)","amount":\#(n)}"# }
      let first = try await harness.ask(operation, payload(1), extra: extra)
      let second = try await harness.ask(operation, payload(2), extra: extra)
      #expect(code(second) == "CONFLICT", "\(first) \(second)")
      #expect(first["envelope_id"] != second["envelope_id"] && second["causation_id"]?.string == Self.envelope)
    }
  }

  @Test(arguments: ["paying.pay", "quick.echo", "order.place", "nobody.knows"])
  func theSameEnvelopeUnderAnotherCorrelationGetsTheAnswerToo(_ operation: String) async throws {
    let id = "again-\(operation)"
    try await Harness.simulate { harness, _ in
      let payload = #"{"id":"\#(id)","item":"x"}"#
      let first = try await harness.ask(operation, payload, extra: #","envelope_id":"\#(Self.envelope)""#)
      let second = try await harness.ask(operation, payload, extra: #","envelope_id":"\#(Self.envelope)""#)
      #expect(first["success"] == second["success"] && first["payload"] == second["payload"])
      #expect(first["envelope_id"] == second["envelope_id"], "the answer to one message has one id")
    }
    #expect(Paying.runs(of: id) <= 1)
  }

  /// Whoever knows ids that are still to come must not be able to occupy them.
  @Test func idsOfOthersCannotBeOccupied() async throws {
    try await Harness.simulate { harness, clock in
      let victim = ConsumedRecord(
        source: TopicPartition("requests", 0), offset: 1, key: nil, value: nil, timestamp: clock.now())
      let place = EnvelopeID(placeOf: victim)
      var request = Envelope(
        operation: try #require(Operation("paying.pay")), envelopeID: place, correlationID: CorrelationID(place.uuid))
      request.origin = .place
      let producer = try harness.runtime.bus.producer()
      func send(_ value: String) async throws {
        let record = OutboundRecord(topic: "requests", partition: 0, key: "k", value: Bytes(value))
        let failures = await producer.publish([record])
        #expect(failures.isEmpty)
      }
      // The attacker takes the id of the next record, in the partition of which it writes first.
      try await send(#"{"operation":"paying.pay","envelope_id":"\#(place)","payload":{"id":"attack"}}"#)
      let correlation = "0193a5c8-7f2e-4b61-8a55-000000000001"
      let reader = try await harness.runtime.bus.reader(topics: ["responses"], from: .end)
      try await send(#"{"operation":"paying.pay","correlation_id":"\#(correlation)","payload":{"id":"victim"}}"#)
      var answered = false
      while !answered {
        for case .records(let records) in await reader.poll(PollLimit()) {
          answered = answered || records.contains { $0.value?.text.contains(correlation) ?? false }
        }
      }
      // And the id of an answer.
      let second = EnvelopeID(RawUUID(high: 7, low: 7))
      var next = request
      next.envelopeID = second
      next.origin = .client
      _ = try await harness.ask("paying.pay", #"{"id":"attack"}"#, extra: #","envelope_id":"\#(next.responseID)""#)
      let answer = try await harness.ask("paying.pay", #"{"id":"victim"}"#, extra: #","envelope_id":"\#(second)""#)
      #expect(answer["success"] == true)
    }
    #expect(Paying.runs(of: "victim") == 2)
  }

  @Test func theRuntimesOwnFieldsAreTakenOffWhatClientsSend() async throws {
    try await Harness.simulate { harness, _ in
      let extra = #","onex_origin":"intent","onex_reply_to":"price/1#order/x","x_own":1"#
      let answer = try await harness.ask("paying.pay", #"{"id":"fields"}"#, extra: extra)
      #expect(answer["x_own"] == 1 && answer["onex_origin"] == nil && answer["onex_reply_to"] == nil, "\(answer)")
    }
  }

  /// Claims are gone when the database has crashed; start marks and answers are not.
  @Test func aLostClaimDoesNotReplaceAKnownSuccess() async throws {
    try await Harness.simulate { harness, clock in
      @Sendable func ask() async throws -> JSONValue {
        try await harness.ask("paying_once.pay", #"{"id":"lost-claim","ms":5000}"#, extra: #","idempotency_key":"lost""#)
      }
      async let first = ask()
      try await clock.sleep(for: .seconds(1))
      harness.runtime.store.loseClaims()
      let (second, known) = (try await ask(), try await first)
      #expect(code(second) == "INDETERMINATE" && known["success"] == true, "\(second) \(known)")
      #expect(try await ask()["success"] == true)
    }
    #expect(Paying.runs(of: "lost-claim") == 1)
  }

  // MARK: - Deadlines

  @Test func aRepeatWithoutADeadlineIsAnsweredAndOneWithADeadlineOnce() async throws {
    try await Harness.simulate { harness, clock in
      for (key, isFirst) in [("a", true), ("b", false)] {
        let deadline = #","deadline":"\#((clock.now() + .seconds(20)).rfc3339)""#
        let (first, second) = isFirst ? (deadline, "") : ("", deadline)
        let payload = #"{"id":"deadline-\#(key)"}"#
        let ids = [
          CorrelationID(RawUUID(high: 1, low: UInt64(key.utf8.first ?? 0))),
          CorrelationID(RawUUID(high: 2, low: UInt64(key.utf8.first ?? 0))),
        ]
        for (extra, id) in zip([first, second], ids) {
          let answer = try await harness.ask(
            "paying.pay", payload, extra: #","idempotency_key":"\#(key)""# + extra, correlation: id)
          #expect(answer["success"] == true, "\(key): \(answer)")
        }
        try await clock.sleep(for: .seconds(60))
        for id in ids {
          let count = try await answers(harness, to: id).count
          #expect(count == 1, "\(key)")
        }
        #expect(Paying.runs(of: "deadline-\(key)") == 1)
      }
      #expect(harness.runtime.store.timersPending == 0)
    }
  }

  @Test func aDeadlineIsNotRecordedUnderTheKey() async throws {
    try await Harness.simulate { harness, clock in
      func ask(_ seconds: Int) async throws -> JSONValue {
        try await harness.ask(
          "paying.pay", #"{"id":"new-deadline","ms":5000}"#,
          extra: #","idempotency_key":"pay-6","deadline":"\#((clock.now() + .seconds(seconds)).rfc3339)""#)
      }
      let (first, second) = (try await ask(2), try await ask(30))
      #expect(code(first) == "DEADLINE_EXCEEDED" && second["payload"] == ["paid": 5000], "\(first) \(second)")
    }
  }

  /// The first answer is the answer, whatever the repeat would still have time for.
  @Test func aMessageSentAgainWithAnotherDeadlineHasTheAnswerOfTheFirst() async throws {
    try await Harness.simulate { harness, clock in
      func ask(_ seconds: Int?) async throws -> JSONValue {
        let deadline = seconds.map { #","deadline":"\#((clock.now() + .seconds($0)).rfc3339)""# } ?? ""
        return try await harness.ask(
          "paying.pay", #"{"id":"other-deadline","ms":10000}"#, extra: #","envelope_id":"\#(Self.envelope)""# + deadline)
      }
      let first = try await ask(2)
      for seconds in [60, 0, nil] {
        let asked = clock.now()
        let again = try await ask(seconds)
        #expect(code(again) == "DEADLINE_EXCEEDED" && again["envelope_id"] == first["envelope_id"], "\(again)")
        #expect(clock.now() - asked < .seconds(1), "nobody waits for the role")
      }
    }
    #expect(Paying.runs(of: "other-deadline") == 1)
  }

  @Test(arguments: [1000, 5000]) func aMessageSentAgainAfterItsDeadlineIsAnswered(milliseconds: Int) async throws {
    try await Harness.simulate { harness, clock in
      let extra = #","envelope_id":"\#(Self.envelope)","deadline":"\#((clock.now() + .seconds(3)).rfc3339)""#
      let payload = #"{"id":"late-\#(milliseconds)","ms":\#(milliseconds)}"#
      let first = try await harness.ask("paying.pay", payload, extra: extra)
      for _ in 0..<2 {
        try await clock.sleep(for: .seconds(10))
        let again = try await harness.ask("paying.pay", payload, extra: extra)
        #expect(code(again) == code(first) && again["envelope_id"] == first["envelope_id"], "\(first) \(again)")
      }
      #expect(code(first) == (milliseconds < 3000 ? "ok" : "DEADLINE_EXCEEDED"))
    }
    #expect(Paying.runs(of: "late-\(milliseconds)") == 1)
  }

  // MARK: - At most once

  @Test func aCallThatWasNotMadeIsNotIndeterminate() async throws {
    try await Harness.simulate { harness, clock in
      for key in ["x", "y"] {
        let answer = try await harness.ask(
          "paying_once.pay", #"{"id":"open-circuit","fail":true}"#, extra: #","idempotency_key":"\#(key)""#)
        #expect(code(answer) == "HANDLER_UNAVAILABLE")
      }
      func ask() async throws -> JSONValue {
        try await harness.ask("paying_once.pay", #"{"id":"after-circuit"}"#, extra: #","idempotency_key":"z""#)
      }
      let refused = try await ask()
      try await clock.sleep(for: .seconds(11))
      let done = try await ask()
      #expect(code(refused) == "CIRCUIT_OPEN" && done["success"] == true, "\(refused) \(done)")
      // The outcome of the first call is unknown to whoever asks again.
      let again = try await harness.ask(
        "paying_once.pay", #"{"id":"open-circuit","fail":true}"#, extra: #","idempotency_key":"x""#)
      #expect(code(again) == "INDETERMINATE")
    }
    #expect(Paying.runs(of: "after-circuit") == 1)
  }
}
