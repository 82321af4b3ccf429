import OnexCore
import OnexJSON
import OnexTestSupport
import Testing

/// With a signing key, only answers to the runtime's own requests become responses.
@Suite(.timeLimit(.minutes(1))) struct ReplyAddressTests {
  private static let keys = ["0123456789abcdef0123456789abcdef", "an older key that is still accepted"]

  @Test(arguments: ["paying.pay", "quick.echo", "order.place"])
  func answersOfRolesCarryTheSignatureBack(_ operation: String) async throws {
    try await Harness.simulate(replySigningKeys: Self.keys) { harness, clock in
      let deadline = #","deadline":"\#((clock.now() + .seconds(20)).rfc3339)""#
      for extra in ["", deadline] {
        let answer = try await harness.ask(operation, #"{"item":"x"}"#, extra: extra)
        #expect(answer["success"] == true, "\(answer)")
        #expect(answer["onex_signature"] == nil && answer["onex_reply_to"] == nil)
      }
    }
  }

  @Test func aForgedAnswerIsADeadLetterAndTheRealOneComes() async throws {
    try await Harness.simulate(replySigningKeys: Self.keys) { harness, clock in
      let request = "0193a5c8-7f2e-4b61-8a55-0123456789ab"
      let producer = try harness.runtime.bus.producer()
      for extra in [
        "", #","onex_reply_to":"final""#, #","onex_reply_to":"final","onex_signature":"0123456789abcdef0123456789abcdef""#,
      ] {
        let forged =
          #"{"envelope_id":"\#(RandomIDSource().next())","correlation_id":"\#(request)","causation_id":"\#(request)","operation":"paying.pay","is_response":true,"success":true,"payload":{"paid":1}\#(extra)}"#
        let failures = await producer.publish([OutboundRecord(topic: "effect-responses", key: "k", value: Bytes(forged))])
        #expect(failures.isEmpty)
      }
      let answer = try await harness.ask(
        "paying.pay", #"{"id":"forged","ms":1000}"#, extra: #","envelope_id":"\#(request)""#,
        correlation: CorrelationID(try #require(RawUUID(request))))
      #expect(answer["payload"] == ["paid": 1000])
      let letters = try await harness.records(of: "effect-responses.dlq")
      #expect(letters.count == 3)
      #expect(letters.allSatisfy { $0.headers.contains { $0.name == "onex_dlq_error_code" && $0.value == "NOT_ALLOWED" } })
    }
  }

  /// Addresses that fit no run, or nothing at all, each once before the run is there and once beside it.
  @Test func anAnswerThatNobodyHasAskedForIsADeadLetter() async throws {
    try await Harness.simulate { harness, _ in
      let request = "0193a5c8-7f2e-4b61-8a55-0123456789ab"
      let run = MessageIdentity.request(EnvelopeID(try #require(RawUUID(request)))).description
      let answer = try await harness.ask(
        "order.place", #"{"item":"x"}"#, extra: #","envelope_id":"\#(request)""#,
        correlation: CorrelationID(try #require(RawUUID(request))))
      #expect(answer["success"] == true)
      let forged = [
        "price/1#nosuch/\(run)", "price/1#order/\(request)", "nosuch/1#order/\(run)", "a/99999999999999999999#order/\(run)",
        "charge/99#order/\(run)", "price/0#order/\(run)", "stock/compensation/1#order/\(run)", "#order/\(run)", "garbage", "",
        "/#/",
      ]
      let marks = forged.map { JSONValue.string($0) } + [5, [:], .null]
      for mark in marks {
        let text =
          #"{"envelope_id":"\#(RandomIDSource().next())","correlation_id":"\#(request)","operation":"x.y","is_response":true,"success":true,"payload":{},"onex_reply_to":\#(mark.encoded().text)}"#
        let failures = try await harness.runtime.bus.producer()
          .publish([OutboundRecord(topic: "effect-responses", key: "k", value: Bytes(text))])
        #expect(failures.isEmpty)
      }
      // What comes after them in the same partition is answered.
      #expect(try await harness.ask("order.place", #"{"item":"y"}"#)["success"] == true)
      var letters: [ConsumedRecord] = []
      while letters.count < marks.count { letters = try await harness.records(of: "effect-responses.dlq") }
      let codes = letters.map { letter in letter.headers.first { $0.name == "onex_dlq_error_code" }?.value?.text ?? "" }
      #expect(letters.count == marks.count && codes.allSatisfy { $0 == "NOT_ALLOWED" || $0 == "HANDLER_UNAVAILABLE" }, "\(codes)")
    }
  }
}
