import OnexCore
import OnexJSON
import Testing

@Suite struct EnvelopeDecoderTests {
  static let correlation = "0193a5c8-7f2e-4b61-8a55-0123456789ab"

  private func record(_ value: Bytes?) -> ConsumedRecord {
    ConsumedRecord(source: TopicPartition("requests", 2), offset: 7, key: nil, value: value, timestamp: nil)
  }

  private func decode(_ text: Bytes, limits: EnvelopeDecoder.Limits = .init()) -> Result<Envelope, RejectedRecord> {
    var decoder = EnvelopeDecoder(limits: limits)
    return decoder.decode(record(text))
  }

  private func rejection(_ text: Bytes) throws -> RejectedRecord {
    guard case .failure(let rejected) = decode(text) else { throw Unexpected() }
    return rejected
  }

  @Test func theMinimalRequestWorks() throws {
    let text: Bytes = #"{"operation":"http.get","payload":{"url":"x"},"correlation_id":"0193a5c8-7f2e-4b61-8a55-0123456789ab"}"#
    let envelope = try decode(text).get()
    #expect(envelope.operation.name == "http.get")
    #expect(envelope.payload == #"{"url":"x"}"#)
    #expect(envelope.correlationID.description == Self.correlation)
    #expect(envelope.envelopeID == EnvelopeID(placeOf: record(text)))
    #expect(!envelope.isComplete)
  }

  @Test func absentPayloadIsAnEmptyObjectAndAbsentCorrelationIsTheSameOnRedelivery() throws {
    let (first, second) = (try decode(#"{"operation":"a.b"}"#).get(), try decode(#"{"operation":"a.b","payload":null}"#).get())
    #expect(first.payload == "{}" && second.payload == "{}")
    #expect(first.correlationID == second.correlationID)
  }

  @Test func payloadMetadataAndUnknownFieldsKeepTheirBytes() throws {
    let text: Bytes =
      #"{ "x" : [1.0, 1e400] ,"operation":"a.b","payload": { "n":1.10, "u":"\u00e9" },"metadata":{"k":"v"},"y":null}"#
    let envelope = try decode(text).get()
    #expect(envelope.payload == #"{ "n":1.10, "u":"\u00e9" }"#)
    #expect(envelope.metadata == #"{"k":"v"}"#)
    #expect(envelope.extensions.map(\.name) == [#""x""#, #""y""#])
    #expect(envelope.extensions.map(\.value) == ["[1.0, 1e400]", "null"])
  }

  @Test func everythingWrittenIsReadBack() throws {
    var envelope = Envelope(
      operation: try #require(Operation("a.b")), payload: #"{"n":1.10}"#,
      envelopeID: EnvelopeID(RawUUID(random: 1, 2)), correlationID: CorrelationID(RawUUID(random: 3, 4)))
    envelope.causationID = EnvelopeID(RawUUID(random: 5, 6))
    envelope.idempotencyKey = "käse \"7\""
    envelope.deadline = Timestamp(microseconds: 1_795_232_934_123_456)
    envelope.timestamp = Timestamp(microseconds: 1)
    envelope.sourceNode = "n1"
    envelope.targetNode = "n2"
    envelope.metadata = #"{"a":"b"}"#
    envelope.extensions = [RawField(name: #""x""#, value: "[1]")]
    var writer = JSONWriter()
    writer.request(envelope)
    let read = try decode(writer.finish()).get()
    #expect(read.isComplete)
    #expect(read.envelopeID == envelope.envelopeID && read.correlationID == envelope.correlationID)
    #expect(read.causationID == envelope.causationID && read.idempotencyKey == envelope.idempotencyKey)
    #expect(read.deadline == envelope.deadline && read.timestamp == envelope.timestamp)
    #expect(read.sourceNode == "n1" && read.targetNode == "n2" && read.metadata == envelope.metadata)
    #expect(read.extensions == envelope.extensions && read.payload == envelope.payload)
  }

  @Test(arguments: [
    ("not json", ErrorCode.invalidJSON), ("", .invalidJSON), ("[]", .invalidEnvelope), ("7", .invalidEnvelope),
    (#"{"operation":"a.b"} x"#, .invalidJSON), (#"{"operation":"a.b",}"#, .invalidJSON), (#"{"payload":{}}"#, .invalidEnvelope),
    (#"{"operation":"A.b"}"#, .invalidEnvelope), (#"{"operation":7}"#, .invalidEnvelope),
    (#"{"operation":"a.b","payload":[]}"#, .invalidEnvelope), (#"{"operation":"a.b","payload":{"a":01}}"#, .invalidJSON),
    (#"{"operation":"a.b","correlation_id":"12"}"#, .invalidEnvelope),
    (#"{"operation":"a.b","deadline":"tomorrow"}"#, .invalidEnvelope),
    (#"{"operation":"a.b","metadata":{"a":1}}"#, .invalidEnvelope),
    (#"{"operation":"a.b","operation":"a.c"}"#, .invalidEnvelope), (#"{"operation":"a.b","x":1,"x":2}"#, .invalidEnvelope),
    (#"{"operation":"a.b","idempotency_key":"a\u0000b"}"#, .invalidEnvelope),
    (#"{"operation":"a.b","is_response":true}"#, .invalidEnvelope),
    (#"{"operation":"a.b","envelope_version":"2.0"}"#, .unsupportedVersion),
    (#"{"operation":"a.b","envelope_version":1}"#, .invalidEnvelope),
    ("{\"operation\":\"a.b\",\"payload\":{\"a\":\"\u{0}\"}}", .invalidJSON),
    (#"{"operation":"a.b","payload":{"a":"\ud800"}}"#, .invalidJSON),
  ])
  func whatIsNoEnvelopeHasItsCode(_ text: String, _ code: ErrorCode) throws {
    #expect(try rejection(Bytes(text)).error.code == code)
  }

  @Test func aHigherMinorVersionIsAccepted() throws {
    #expect(try decode(#"{"operation":"a.b","envelope_version":"1.7"}"#).get().operation.name == "a.b")
  }

  @Test func nestingIsBoundedAt64Levels() throws {
    func nested(_ levels: Int) -> Bytes {
      Bytes(
        #"{"operation":"a.b","payload":{"a":"# + String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
          + "}}")
    }
    #expect(throws: Never.self) { try decode(nested(62)).get() }
    #expect(try rejection(nested(63)).error.code == .invalidJSON)
    #expect(try rejection(nested(100_000)).error.code == .invalidJSON)
  }

  @Test func invalidUTF8IsRefusedAndItsSenderFound() throws {
    let start = Array(#"{"correlation_id":"0193a5c8-7f2e-4b61-8a55-0123456789ab","operation":"a.b","payload":{"a":""#.utf8)
    let rejected = try rejection(Bytes(start + [0xFF, 0xFE] + Array("\"}}".utf8)))
    #expect(rejected.error.code == .invalidJSON)
    #expect(rejected.correlationID?.description == Self.correlation)
  }

  @Test func aPayloadOverTheLimitIsRefusedWithItsSize() throws {
    let text = Bytes(
      #"{"operation":"a.b","correlation_id":"0193a5c8-7f2e-4b61-8a55-0123456789ab","payload":{"a":""#
        + String(repeating: "x", count: 2 << 20) + "\"}}")
    let rejected = try rejection(text)
    #expect(rejected.error.code == .payloadTooLarge)
    #expect(rejected.error.message.contains("\(2 << 20 + 8)") || rejected.error.message.contains("1048576"))
    #expect(rejected.correlationID?.description == Self.correlation)
  }

  @Test func correlationIsFoundInBrokenTextButNeverInsideThePayload() throws {
    let cut = try rejection(#"{"payload":{"correlation_id":"0193a5c8-7f2e-4b61-8a55-0123456789ab"},"operation":"a.b""#)
    #expect(cut.correlationID == nil)
    let found = try rejection(#"{"payload":{},"correlation_id" : "0193a5c8-7f2e-4b61-8a55-0123456789ab","operation":"#)
    #expect(found.correlationID?.description == Self.correlation)
  }

  @Test func correlationIsKnownWhereOnlyAnotherFieldIsWrong() throws {
    let rejected = try rejection(
      #"{"operation":"nope","correlation_id":"0193a5c8-7f2e-4b61-8a55-0123456789ab","envelope_id":"0193a5c8-7f2e-4b61-8a55-0123456789ac"}"#
    )
    #expect(rejected.correlationID?.description == Self.correlation)
    #expect(rejected.identity.description.hasSuffix("9ac"))
    #expect(rejected.error.message.contains("nope"))
  }

  @Test func aTombstoneIsRejected() {
    var decoder = EnvelopeDecoder()
    guard case .failure(let rejected) = decoder.decode(record(nil)) else { return #expect(Bool(false)) }
    #expect(rejected.error.code == .invalidJSON)
  }

  /// No prefix and no single-byte damage of a good envelope may crash the decoder or be taken for something else's success.
  @Test func damagedEnvelopesNeverCrash() throws {
    let good = Array(
      #"{"operation":"a.b","payload":{"k":[1,-2.5e3,true,false,null,"é\n\u0041"]},"correlation_id":"0193a5c8-7f2e-4b61-8a55-0123456789ab"}"#
        .utf8)
    for length in 0..<good.count { _ = try rejection(Bytes(Array(good.prefix(length)))) }
    for index in good.indices {
      for byte: UInt8 in [0, 0x22, 0x5C, 0x7B, 0x7D, 0x2C, 0x80, 0xFF] {
        var damaged = good
        damaged[index] = byte
        _ = decode(Bytes(damaged))
      }
    }
  }

  struct Unexpected: Error {}
}
