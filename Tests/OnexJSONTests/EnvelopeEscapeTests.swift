import OnexCore
import OnexJSON
import Testing

/// Names and values of an envelope mean the same however they are escaped.
@Suite struct EnvelopeEscapeTests {
  private static let id = "0193a5c8-7f2e-4b61-8a55-0123456789ab"

  private func decode(_ text: String) -> Result<Envelope, RejectedRecord> {
    var decoder = EnvelopeDecoder()
    return decoder.decode(
      ConsumedRecord(source: TopicPartition("requests", 0), offset: 1, key: nil, value: Bytes(text), timestamp: nil))
  }

  /// Every character of every string as `\uXXXX`.
  private func escaped(_ text: String) -> String { text.unicodeScalars.map { "\\u00" + hex(UInt8($0.value)) }.joined() }

  private func hex(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }

  @Test func everyFieldIsKnownByItsEscapedName() throws {
    let fields = [
      ("operation", "compute.echo"), ("correlation_id", Self.id), ("envelope_id", Self.id), ("causation_id", Self.id),
      ("idempotency_key", "k"), ("timestamp", "2026-11-21T03:48:54Z"), ("deadline", "2026-11-21T03:48:55Z"),
      ("source_node", "a"), ("target_node", "b"), ("envelope_version", "1.0"),
    ]
    let members =
      fields.map { "\"\(escaped($0.0))\":\"\(escaped($0.1))\"" } + [#""p\u0061yload":{"a":1}"#, #""m\u0065tadata":{"a":"b"}"#]
    let envelope = try decode("{" + members.joined(separator: ",") + "}").get()
    #expect(envelope.operation.name == "compute.echo" && envelope.payload == #"{"a":1}"# && envelope.metadata == #"{"a":"b"}"#)
    for id in [envelope.envelopeID.uuid, envelope.correlationID.uuid, envelope.causationID?.uuid] {
      #expect(id?.description == Self.id)
    }
    #expect(envelope.idempotencyKey == "k" && envelope.sourceNode == "a" && envelope.targetNode == "b")
    #expect(envelope.deadline == Timestamp(rfc3339: "2026-11-21T03:48:55Z") && envelope.timestamp != nil)
    #expect(envelope.extensions.isEmpty)
    #expect(!envelope.isComplete, "it is written anew before another program reads it")
  }

  @Test(arguments: [
    #"{"operation":"compute.echo","op\u0065ration":"filesystem.delete"}"#, #"{"\u006fperation":"a.b","operation":"a.c"}"#,
    #"{"operation":"a.b","x":1,"\u0078":2}"#, #"{"operation":"a.b","\u0078":1,"\u0078":2}"#,
    #"{"operation":"a.b","a/b":1,"a\/b":2}"#, #"{"operation":"a.b","is_response":false,"is\u005fresponse":true}"#,
    #"{"operation":"a.b","metadata":{"a":"1","a":"2"}}"#, #"{"operation":"a.b","metadata":{"a":"1","\u0061":"2"}}"#,
    #"{"operation":"a.b","success":true,"succ\u0065ss":false}"#,
  ])
  func aNameThatIsThereTwiceIsRefused(_ text: String) throws {
    guard case .failure(let rejected) = decode(text) else { throw Unexpected() }
    #expect(rejected.error.code == .invalidEnvelope && rejected.error.message.contains("twice"), "\(rejected.error)")
  }

  @Test func manyNamesInMetadataAreCompared() throws {
    let members = (0..<100).map { "\"k\($0)\":\"v\"" }
    #expect(throws: Never.self) { try decode(#"{"operation":"a.b","metadata":{"# + members.joined(separator: ",") + "}}").get() }
    #expect(throws: RejectedRecord.self) {
      try decode(#"{"operation":"a.b","metadata":{"# + (members + [#""k7":"w""#]).joined(separator: ",") + "}}").get()
    }
  }

  @Test func namesThatOnlyUnicodeTakesForOneAreTwo() throws {
    let envelope = try decode(
      "{\"operation\":\"a.b\",\"caf\u{E9}\":1,\"cafe\u{301}\":2,\"metadata\":{\"\u{E9}\":\"1\",\"e\u{301}\":\"2\"}}"
    ).get()
    #expect(envelope.extensions.count == 2)
  }

  @Test func anUnknownNameHasOneSpelling() throws {
    let envelope = try decode(#"{"operation":"a.b","onex\u005freply_to":"deadline","a\/b":[1.0],"q\u0022\u000a":"\u0041"}"#).get()
    #expect(envelope.extensions.map(\.name) == [#""onex_reply_to""#, #""a/b""#, #""q\"\n""#])
    #expect(envelope.extensions.map(\.value) == [#""deadline""#, "[1.0]", #""\u0041""#], "values are as they came")
  }

  @Test func nothingOfARequestBecomesAFieldOfItsResponse() throws {
    let text =
      #"{"operation":"a.b","succ\u0065ss":false,"c\u006frrelation_id":"0193a5c8-7f2e-4b61-8a55-0123456789ab","h\u0061ndler":"x","error":{},"duration\u005fms":7,"extra":1}"#
    let envelope = try decode(text).get()
    #expect(envelope.extensions.map(\.name) == [#""extra""#] && envelope.correlationID.description == Self.id)
    var writer = JSONWriter()
    writer.response(
      ResponseEnvelope(
        answering: envelope, handler: "echo", duration: .zero, timestamp: Timestamp(microseconds: 0), outcome: .success("{}")))
    let response = try JSONValue.parse(writer.finish())
    #expect(response["success"] == true && response["handler"] == "echo" && response["extra"] == 1)
  }

  @Test(arguments: [
    #"{"operation":"compute echo"}"#, #"{"operation":"compute\u002eEcho"}"#,
    #"{"operation":"a.b","correlation_id":"\u0030"}"#, #"{"operation":"a.b","deadline":"9999-12-31T23:59:59-00:01"}"#,
    #"{"operation":"a.b","deadline":"0000-01-01T00:00:00\u002b00:01"}"#,
  ])
  func anEscapedValueIsCheckedAsItsText(_ text: String) throws {
    guard case .failure(let rejected) = decode(text) else { throw Unexpected() }
    #expect(rejected.error.code == .invalidEnvelope)
  }

  @Test func idsOfBrokenTextAreFoundByEscapedNames() throws {
    guard case .failure(let rejected) = decode(#"{"correlation\u005fid":"\#(Self.id)","operation":"#) else { throw Unexpected() }
    #expect(rejected.correlationID?.description == Self.id)
  }

  @Test func aResponseIsReadTheSameWay() throws {
    var decoder = ResponseDecoder()
    let text = Bytes(
      #"{"is\u005fresponse":true,"succ\u0065ss":true,"envelope_id":"\#(Self.id)","correlation_id":"\#(Self.id)","payload":{},"operation":"compute\u002eecho","duration_ms":1e300}"#
    )
    let record = ConsumedRecord(source: TopicPartition("responses", 0), offset: 1, key: nil, value: text, timestamp: nil)
    let response = try decoder.decode(record).get()
    #expect(response.operation?.name == "compute.echo" && response.duration == .zero)
  }

  struct Unexpected: Error {}
}
