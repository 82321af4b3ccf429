import OnexCore
import Testing

@testable import OnexControl

@Suite struct DeadLetterTallyTests {
  @Test func deadLettersAreCountedByTopicAndCodeAndMarkersAreNot() throws {
    var tally = DeadLetterTally()
    let first = Letters.letter(1, age: 100)
    tally.add(first)
    tally.add(Letters.letter(2, age: 10))
    tally.add(Letters.letter(1, partition: 1, code: "PAYLOAD_TOO_LARGE"))
    tally.add(Letters.marker(of: first, 3))
    tally.add(Letters.marker(of: first, 4))
    tally.add(Letters.stranger(5))
    let groups = tally.groups
    #expect(groups.map(\.code) == [nil, "INVALID_JSON", "PAYLOAD_TOO_LARGE"])
    #expect(groups.map(\.count) == [1, 2, 1] && groups.map(\.replayed) == [0, 1, 0])
    #expect(groups[1].oldest == Letters.now + .seconds(-100) && groups[1].newest == Letters.now + .seconds(-10))
    #expect(groups[0].oldest == nil)
    #expect(DeadLetterText.table(groups).contains("INVALID_JSON       2      1"))
    #expect(DeadLetterText.json(groups).array?.first?["code"]?.isNull == true)
  }

  @Test func markersOfWhatRetentionDeletedCountForNothing() {
    var tally = DeadLetterTally()
    tally.add(Letters.marker(of: Letters.letter(1), 7))
    #expect(tally.groups.isEmpty)
  }

  @Test func aListKeepsTheNewestAndCountsTheRest() {
    var newest = NewestDeadLetters(limit: 3, filter: DeadLetterFilter())
    // The oldest come last, as from a partition that is read behind another one.
    for offset in 0..<1000 { newest.add(Letters.letter(Int64(offset), age: Int64(offset))) }
    newest.add(Letters.marker(of: Letters.letter(1), 1001))
    newest.add(Letters.marker(of: Letters.letter(900), 1002))
    #expect(newest.matching == 1000)
    #expect(newest.entries.map(\.entry.place.offset) == [2, 1, 0], "newest last")
    #expect(newest.entries.map(\.state) == [.open, .replayed(Letters.now), .open])
  }

  @Test func aListCountsOnlyWhatMatches() {
    var filter = DeadLetterFilter()
    filter.code = "X"
    var newest = NewestDeadLetters(limit: 3, filter: filter)
    newest.add(Letters.letter(1))
    newest.add(Letters.letter(2, code: "X"))
    #expect(newest.matching == 1 && newest.entries.map(\.entry.place.offset) == [2])
  }

  @Test func aRowIsCutAndAStrangersTextIsHarmless() {
    let entry = DeadLetterEntry(Letters.letter(17, reason: "\u{1B}[2J" + String(repeating: "long ", count: 100)))
    let rows = DeadLetterText.table([(entry, .replayed(nil))]).split(separator: "\n")
    #expect(rows.count == 2 && rows[1].contains("requests.dlq[0]@17") && rows[1].contains("replayed"))
    #expect(rows[1].hasSuffix("…") && !rows[1].unicodeScalars.contains("\u{1B}"))
    #expect(DeadLetterText.json(entry, .open)["reason"]?.string?.count == entry.reason?.count, "JSON is not cut")
  }

  @Test func aPageShowsCauseHeadersAndPrettyValue() throws {
    var page = DeadLetterPage(Letters.place(3))
    let letter = Letters.letter(3, headers: [RecordHeader("own", "1")], value: #"{"a":[1,2]}"#)
    for record in [Letters.letter(2), letter, Letters.marker(of: letter, 4)] { page.add(record) }
    let text = DeadLetterPage.text(try #require(page.record), page.state)
    for words in ["requests.dlq[0]@3", "replayed 2026-", "key: key", "onex_dlq_error_code: INVALID_JSON", "own: 1", "\"a\": [\n"]
    {
      #expect(text.contains(words), "\(words) is missing in: \(text)")
    }
    #expect(DeadLetterPage.json(letter, .open).contains(#""state":"open""#))
  }
}
