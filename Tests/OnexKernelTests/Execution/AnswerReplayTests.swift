import OnexCore
import OnexJSON
import Testing

@testable import OnexKernel

/// The reply address of an answer that is given out again.
@Suite struct AnswerReplayTests {
  private static let now = Timestamp(microseconds: 1_795_232_934_000_000)
  private static let timer = RawUUID(high: 5, low: 6)
  private static let deadline = "deadline/\(timer)"
  private static let stream = StreamName(handler: "order", key: "0193a5c8-7f2e-4b61-8a55-0123456789ab")

  private func request(_ number: UInt64, mark: String? = nil, payload: String = #"{"n":1}"#, more: String = "") -> ConsumedRecord
  {
    let id = EnvelopeID(RawUUID(high: 7, low: number))
    let reply = mark.map { #","onex_reply_to":"\#($0)""# } ?? ""
    let text =
      #"{"operation":"x.a","envelope_id":"\#(id)","correlation_id":"\#(id)","idempotency_key":"run/a"\#(reply)\#(more),"payload":\#(payload)}"#
    return ConsumedRecord(source: TopicPartition("effect-requests", 0), offset: 1, key: nil, value: Bytes(text), timestamp: nil)
  }

  private func envelope(_ record: ConsumedRecord) throws -> Envelope {
    var decoder = EnvelopeDecoder()
    return try decoder.decode(record).get()
  }

  private func answer(
    to record: ConsumedRecord, _ outcome: ResponseEnvelope.Outcome = .success(#"{"done":true}"#), bytesMax: Int = 1 << 20
  ) throws -> RecordedAnswer {
    let request = try envelope(record)
    var batch = OutputBatch(outputBytesMax: bytesMax)
    batch.respond(
      ResponseEnvelope(
        answering: request, handler: "x", duration: .milliseconds(3), timestamp: AnswerReplayTests.now, outcome: outcome),
      to: record, topic: Topics.effectResponses, owner: 0)
    return RecordedAnswer(digest: request.digest, outputs: batch.finish().records)
  }

  private func replay(_ recorded: RecordedAnswer, for record: ConsumedRecord, isFinal: Bool = false) throws -> [ResponseEnvelope]
  {
    let replay = AnswerReplay(
      topic: Topics.effectResponses, outputBytesMax: 1 << 20, now: AnswerReplayTests.now, isFinal: isFinal)
    return try replay.outputs(recorded, for: record).map { output in
      var decoder = ResponseDecoder()
      return try decoder.decode(
        ConsumedRecord(source: record.source, offset: 0, key: nil, value: output.value, timestamp: nil)
      ).get()
    }
  }

  private func mark(_ attempt: Int) -> String { "a/\(attempt)#\(AnswerReplayTests.stream)" }

  /// A stream answers one request when the response to another one comes.
  @Test func theAnswerToAnotherRequestKeepsItsAddress() throws {
    let recorded = try answer(to: request(9))
    let response = ConsumedRecord(
      source: TopicPartition(Topics.effectResponses, 0), offset: 3, key: nil, value: try answer(to: request(1)).outputs[0].value,
      timestamp: nil)
    let replayed = try replay(recorded, for: response, isFinal: true)
    #expect(replayed.map(\.correlationID) == [CorrelationID(RawUUID(high: 7, low: 9))])
  }

  @Test func aRepeatUnderAKeyIsAnsweredWhereItAsksForIt() throws {
    let recorded = try answer(to: request(1, mark: mark(1)))
    let second = try replay(recorded, for: request(2, mark: mark(2)))
    #expect(second.map { ReplyMark($0.extensions) } == [.stream(AnswerReplayTests.stream, intent: "a/2")])
    #expect(second.first?.causationID == EnvelopeID(RawUUID(high: 7, low: 2)) && second.first?.handler == "x")
    #expect(
      try replay(recorded, for: request(3, mark: Self.deadline)).map { ReplyMark($0.extensions) } == [.deadline(Self.timer)])
    #expect(try replay(recorded, for: request(4)).map { ReplyMark($0.extensions) } == [nil], "a repeat without a deadline")
  }

  @Test func theSameMessageUnderAnotherMarkIsAnsweredUnderThatOne() throws {
    let recorded = try answer(to: request(1, mark: Self.deadline))
    #expect(try replay(recorded, for: request(1)).map { ReplyMark($0.extensions) } == [nil])
    #expect(
      try replay(recorded, for: request(1, mark: Self.deadline)).map { ReplyMark($0.extensions) } == [.deadline(Self.timer)])
  }

  @Test func aFailureAndAConflictKeepTheAddressOfTheRequestAtHand() throws {
    let failed = try answer(to: request(1, mark: mark(1)), .failure(ResponseError(.notAllowed, "no")))
    #expect(try replay(failed, for: request(2, mark: mark(2))).map { ReplyMark($0.extensions)?.attempt } == ["a/2"])
    let other = try replay(failed, for: request(3, mark: mark(3), payload: #"{"n":2}"#))
    #expect(other.map { ReplyMark($0.extensions)?.attempt } == ["a/3"])
    guard case .failure(let error)? = other.first?.outcome else { return #expect(Bool(false), "\(other)") }
    #expect(error.code == .conflict)
  }

  @Test func aFinalAnswerCarriesNoMarkThatAClientForged() throws {
    let recorded = try answer(to: request(1))
    #expect(try replay(recorded, for: request(2, mark: mark(1)), isFinal: true).allSatisfy { ReplyMark($0.extensions) == nil })
    let other = try replay(recorded, for: request(3, mark: mark(1), payload: "{}"), isFinal: true)
    #expect(other.count == 1 && other.allSatisfy { ReplyMark($0.extensions) == nil })
  }

  /// What was passed on is passed on again as it was: it belongs to the same message.
  @Test func aForwardIsRepeatedAsItWas() throws {
    let first = request(1, mark: Self.deadline)
    var batch = OutputBatch(outputBytesMax: 1 << 20)
    batch.forward(try envelope(first), of: first, topic: Topics.effectRequests, owner: 0)
    let recorded = RecordedAnswer(digest: nil, outputs: batch.finish().records)
    let replay = AnswerReplay(
      topic: Topics.responses, outputBytesMax: 1 << 20, now: AnswerReplayTests.now, isFinal: true)
    let again = replay.outputs(recorded, for: first)
    #expect(again.map(\.value) == recorded.outputs.map(\.value))
  }

  @Test func anAnswerThatIsTooLargeKeepsItsAddress() throws {
    let more = #","metadata":{"k":"v"},"trace_hint":[1,2]"#
    let record = request(1, mark: mark(1), more: more)
    let large = ResponseEnvelope.Outcome.success(Bytes(#"{"a":""# + String(repeating: "x", count: 200_000) + #""}"#))
    let refused = try replay(answer(to: record, large, bytesMax: 100_000), for: record)
    #expect(refused.count == 1 && refused[0].metadata == #"{"k":"v"}"# && refused[0].extensions.count == 2)
    #expect(refused[0].idempotencyKey == "run/a" && refused[0].causationID == EnvelopeID(RawUUID(high: 7, low: 1)))
    #expect(ReplyMark(refused[0].extensions)?.attempt == "a/1")
    guard case .failure(let error) = refused[0].outcome else { return #expect(Bool(false), "it is no failure") }
    #expect(error.code == .outputTooLarge)
  }

  @Test func metadataThatIsTooLargeItselfGoesAndTheAddressStays() throws {
    let more = #","metadata":{"k":"\#(String(repeating: "m", count: 300_000))"},"other":"\#(String(repeating: "o", count: 9))""#
    let record = request(1, mark: mark(1), more: more)
    let recorded = try answer(to: record, bytesMax: 100_000)
    #expect((recorded.outputs.first?.value?.count ?? .max) < 100_000)
    let refused = try replay(recorded, for: record)
    #expect(refused.map { ReplyMark($0.extensions)?.attempt } == ["a/1"] && refused.first?.metadata == nil)
  }

  /// A key from outside may begin with anything, also with a mark that joins the character before it.
  @Test(arguments: ["\u{301}x", "#/#", "/", "e\u{301}", "\u{e9}", "\u{1F1E6}"]) func anAddressIsReadAsItWasWritten(_ key: String)
  {
    let written = ReplyMark.stream(StreamName(handler: "order", key: key), intent: "a/1")
    #expect(ReplyMark([written.rawField]) == written)
    #expect(StreamName("order/\(key)") == StreamName(handler: "order", key: key))
  }

  @Test func keysOfOtherBytesAreOtherStreams() {
    let (composed, decomposed) = (StreamName(handler: "c", key: "\u{e9}"), StreamName(handler: "c", key: "e\u{301}"))
    #expect(composed != decomposed && Set([composed, decomposed]).count == 2)
    #expect((composed < decomposed) != (decomposed < composed), "the order is total")
  }
}

extension ReplyMark {
  fileprivate var attempt: String? { if case .stream(_, let intent) = self { intent } else { nil } }
}
