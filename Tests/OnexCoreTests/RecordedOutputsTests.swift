import OnexCore
import Testing

@Suite struct RecordedOutputsTests {
  private let records = [
    OutboundRecord(
      topic: "responses", partition: 2, key: "k", value: Bytes([0, 255]), messageID: EnvelopeID(RawUUID(high: 1, low: 2)),
      headers: [RecordHeader("a", nil), RecordHeader("a", "")]),
    OutboundRecord(topic: "t", key: nil, value: nil),
  ]

  @Test func everythingComesBack() throws {
    let found = try RecordedOutputs.decode(RecordedOutputs.encode(records))
    #expect(found.map(\.topic) == records.map(\.topic))
    #expect(found.map(\.partition) == records.map(\.partition))
    #expect(found.map(\.key) == records.map(\.key))
    #expect(found.map(\.value) == records.map(\.value))
    #expect(found.map(\.messageID) == records.map(\.messageID))
    #expect(found.map(\.headers) == records.map(\.headers))
    #expect(try RecordedOutputs.decode(RecordedOutputs.encode([])).isEmpty)
  }

  @Test func whatIsCutShortOrLongerIsRefusedAtEveryLength() {
    let whole = RecordedOutputs.encode(records).array
    for length in 1..<whole.count {
      #expect(throws: RecordedOutputs.Malformed.self) { try RecordedOutputs.decode(Bytes(Array(whole[..<length]))) }
    }
    #expect(throws: RecordedOutputs.Malformed.self) { try RecordedOutputs.decode(Bytes(whole + [0])) }
  }

  @Test func nothingAtAllIsAnAnswerThatWasSilenced() throws {
    #expect(try RecordedOutputs.decode(.empty).isEmpty)
  }

  @Test func anotherVersionIsSaidToBeOne() {
    var bytes = RecordedOutputs.encode(records).array
    bytes[0] = 2
    let error = #expect(throws: RecordedOutputs.Malformed.self) { try RecordedOutputs.decode(Bytes(bytes)) }
    #expect(error?.description == "recorded outputs have version 2; this program reads 1")
  }

  @Test func digestsTellRequestsApartAndKnowThemAgain() throws {
    let (echo, hash) = (try #require(Operation("compute.echo")), try #require(Operation("hash.sha256")))
    let digest = RequestDigest(operation: echo, payload: #"{"a":1}"#)
    #expect(digest == RequestDigest(operation: echo, payload: #"{"a":1}"#))
    #expect(digest != RequestDigest(operation: echo, payload: #"{"a":2}"#))
    #expect(digest != RequestDigest(operation: hash, payload: #"{"a":1}"#))
    #expect(MessageIdentity.key("k").uuid == MessageIdentity.key("k").uuid)
    #expect(MessageIdentity.key("k").uuid != MessageIdentity.key("l").uuid)
  }

  @Test func identitiesOfOneOriginNeverMeetThoseOfAnother() {
    let id = EnvelopeID(RawUUID(high: 1, low: 2))
    let identities: [MessageIdentity] = [
      .request(id), .request(id, origin: .place), .request(id, origin: .intent), .response(id), .firing(id),
      .key(id.description), .key(id.description, origin: .intent), .key(id.description, source: "a"),
    ]
    #expect(Set(identities).count == identities.count)
    #expect(
      MessageIdentity.key("b", source: "a") != .key("ab") && MessageIdentity.key("", source: "ab") != .key("b", source: "a"))
    // Bytes decide, not what Unicode calls equivalent.
    #expect(MessageIdentity.key("\u{E9}") != .key("e\u{301}"))
  }

  @Test func whatFollowsFromARequestDependsOnItsOrigin() throws {
    var request = Envelope(
      operation: try #require(Operation("a.b")), envelopeID: EnvelopeID(RawUUID(high: 1, low: 2)),
      correlationID: CorrelationID(RawUUID(high: 3, low: 4)))
    let ofClient = (request.responseID, request.deadlineTimerID, request.conflictID)
    request.origin = .place
    #expect(request.responseID != ofClient.0 && request.deadlineTimerID != ofClient.1 && request.conflictID != ofClient.2)
    #expect(request.conflictID != request.responseID)
  }
}
