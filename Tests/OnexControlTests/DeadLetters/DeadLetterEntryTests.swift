import OnexCore
import Testing

@testable import OnexControl

@Suite struct DeadLetterEntryTests {
  @Test func theHeadersOfARuntimesDeadLetterAreAllRead() {
    let entry = DeadLetterEntry(Letters.letter(17, partition: 2, age: 60))
    #expect(entry.place.description == "requests.dlq[2]@17")
    #expect(entry.failedAt == Letters.now + .seconds(-60))
    #expect(entry.code == "INVALID_JSON" && entry.reason == "no JSON" && entry.consumerGroup == "onex-runtime-main")
    #expect(entry.correlationID == Letters.correlation.description)
    #expect(entry.originalPlace?.description == "requests[3]@1017")
    #expect(entry.refusal == nil)
  }

  @Test func aRecordWithoutHeadersIsShownAndRefusedWithWhatIsMissing() throws {
    let entry = DeadLetterEntry(Letters.stranger(1))
    #expect(entry.code == nil && entry.failedAt == nil && entry.originalPlace == nil)
    let refusal = try #require(entry.refusal)
    #expect(refusal.contains(DeadLetterHeader.originalTopic) && refusal.contains(DeadLetterHeader.failureTimestamp))
    #expect(DeadLetterText.table([(entry, .open)]).split(separator: " ").filter { $0 == "-" }.count == 5)
  }

  @Test(arguments: [
    (DeadLetterHeader.originalTopic, "bad name"), (DeadLetterHeader.originalTopic, Letters.topic),
    (DeadLetterHeader.originalOffset, "-3"), (DeadLetterHeader.originalPartition, "x"),
    (DeadLetterHeader.failureTimestamp, "yesterday"), (DeadLetterHeader.errorCode, ""),
  ])
  func aHeaderThatMakesNoSenseIsNamed(_ name: String, _ value: String) throws {
    let good = Letters.letter(1)
    let headers = good.headers.map { $0.name == name ? RecordHeader(name, Bytes(value)) : $0 }
    let entry = DeadLetterEntry(Letters.stranger(1, headers: headers))
    #expect(try #require(entry.refusal).contains(name))
    #expect(OriginalRecord.restored(from: Letters.stranger(1, headers: headers)) == nil)
  }

  @Test func theLatestCauseCountsWhereTheOriginalCameWithOne() {
    let old = [RecordHeader(DeadLetterHeader.errorCode, "OLD"), RecordHeader(DeadLetterHeader.originalTopic, "elsewhere")]
    let entry = DeadLetterEntry(Letters.letter(1, code: "NEW", headers: old))
    #expect(entry.code == "NEW" && entry.originalTopic == "requests")
  }

  @Test func theOriginalHasItsKeyValueAndHeadersAndNothingElse() throws {
    let headers = [RecordHeader("traceparent", "00-1"), RecordHeader("a", nil), RecordHeader("a", "2")]
    let original = try #require(OriginalRecord.restored(from: Letters.letter(1, headers: headers)))
    #expect(original.topic == "requests" && original.partition == nil && original.messageID == nil)
    #expect(original.key == "key" && original.value == "value" && original.headers == headers)
  }

  @Test func aMarkerLiesBesideItsLetterAndIsNoLetter() throws {
    let letter = Letters.letter(5, partition: 2)
    let record = ReplayMarker.record(for: letter, at: Letters.now)
    #expect(record.topic == Letters.topic && record.partition == 2 && record.key == letter.key && record.value == nil)
    let marker = try #require(ReplayMarker(Letters.marker(of: letter, 9)))
    #expect(marker.place == LogPlace(letter) && marker.time == Letters.now)
    #expect(ReplayMarker(letter) == nil)
    #expect(RecordText.human(Letters.marker(of: letter, 9)).hasSuffix("replayed requests.dlq[2]@5"))
  }

  @Test func nobodyHidesADeadLetterWithAMarkersHeaders() {
    let forged = [RecordHeader(DeadLetterHeader.replayedPlace, Bytes(Letters.place(1).description))]
    #expect(ReplayMarker(Letters.letter(5, headers: forged)) == nil)
    #expect(ReplayMarker(Letters.marker(of: Letters.letter(5), 5)) == nil, "a marker lies behind what it marks")
    let elsewhere = Letters.consumed(ReplayMarker.record(for: Letters.letter(5), at: Letters.now), 9, partition: 1)
    #expect(ReplayMarker(elsewhere) == nil, "and in the same partition")
  }
}
