import OnexCommandLine
import OnexCore
import OnexTestSupport
import Testing

@testable import OnexControl

/// Numbers that operators type and that records carry: each is taken as it stands, or refused; none ends the program.
@Suite struct ExtremeNumbersTests {
  static let texts = [
    "0", "-0", "-1", "1", "+1", "01", "2147483647", "2147483648", "-2147483648", "4294967296", "9223372036854775807",
    "9223372036854775808", "-9223372036854775808", "18446744073709551616", String(repeating: "9", count: 400), "1e3", "1e400",
    "1.5", "0x10", "0x1p3", "nan", "inf", "-inf", "infinity", "", " ", " 1", "1 ", "١", "1\u{0}", "1_000", "1,000", "0.0001",
    ".5",
    "5.", ".", "..", "1.2.3",
  ]

  private func arguments(_ values: [String]) throws -> ArgumentSet {
    try ArgumentSet(
      values,
      ArgumentSet.Grammar(
        options: DeadLetterFilter.options + [("--limit", "N"), ("--rate", "N"), ("--at", "PLACE"), ("--timeout", "S")],
        positionals: ["[topic…]"]))
  }

  @Test(arguments: texts) func aCountIsAWholeNumberFromOne(_ text: String) throws {
    guard let set = try? arguments(["--limit=\(text)"]) else { return #expect(text.isEmpty) }
    guard let number = Int(text), number > 0 else {
      #expect(throws: ArgumentSet.Misuse.self) { try set.count("--limit") }
      return
    }
    #expect(try set.count("--limit") == number)
  }

  @Test(arguments: texts) func secondsAreFromAMillisecondToADay(_ text: String) throws {
    for suffix in ["", "s"] {
      guard let set = try? arguments(["--timeout=\(text)\(suffix)"]) else {
        #expect(text.isEmpty)
        continue
      }
      do {
        let duration = try set.seconds("--timeout", default: .zero)
        #expect(duration >= .milliseconds(1) && duration <= .seconds(86400))
      } catch {
        #expect(error.message.contains("from 0.001 to 86400"))
      }
    }
    let accepted = ["1", "01", "1.5", ".5", "5."]
    #expect((try? arguments(["--timeout=\(text)"]).seconds("--timeout", default: .zero)) != nil || !accepted.contains(text))
  }

  @Test(arguments: texts) func anAgeIsWithinTheTimesThatExist(_ text: String) throws {
    for now: Int64 in [-62_135_596_800_000_000, 0, 1_795_232_934_123_456, 253_402_300_799_999_999] {
      for unit in ["s", "m", "h", "d", ""] {
        let time = PointInTime.parse(text + unit, now: Timestamp(microseconds: now))
        if let time { #expect(time <= Timestamp(microseconds: now)) }
      }
    }
  }

  @Test(arguments: texts) func aReplayIsBoundedWhateverIsTyped(_ text: String) throws {
    let now = Timestamp(microseconds: 1_795_232_934_123_456)
    for option in ["--rate", "--limit"] {
      guard let wish = try? ReplayWish(["requests.dlq"], arguments(["\(option)=\(text)"]), now: now) else { continue }
      #expect((1...100_000).contains(wish.pace.rate) && wish.limit ?? 1 > 0)
      for count in [0, 1, 100_000, Int.max, Int.min] {
        let delay = wish.pace.delay(afterSending: count)
        #expect(delay >= .zero && delay <= .seconds(31_536_000))
      }
    }
  }

  @Test(arguments: texts) func aPlaceHasNumbersThatPartitionsAndOffsetsHave(_ text: String) {
    if let place = LogPlace("t[\(text)]@0") { #expect(place.partition.partition >= 0) }
    if let place = LogPlace("t[0]@\(text)") { #expect(place.offset >= 0) }
  }

  /// Whatever a client writes into the headers of a dead letter, or a record into its place and time.
  @Test(arguments: texts) func headersOfADeadLetterMayHoldAnything(_ text: String) {
    let names = [
      DeadLetterHeader.originalPartition, DeadLetterHeader.originalOffset, DeadLetterHeader.failureTimestamp,
      DeadLetterHeader.originalTimestamp, DeadLetterHeader.retryCount, DeadLetterHeader.replayedPlace,
      DeadLetterHeader.replayedTimestamp,
    ]
    for (partition, offset) in [(Int32.max, Int64.max), (0, 0), (.min, .min)] {
      for time in ["", text, "9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00+23:59", "\(text)-01-01T00:00:00Z"] {
        let headers =
          [RecordHeader(DeadLetterHeader.originalTopic, "requests"), RecordHeader(DeadLetterHeader.errorCode, "X")]
          + names.map { RecordHeader($0, Bytes($0.hasSuffix("timestamp") ? time : text)) }
        let record = ConsumedRecord(
          source: TopicPartition("requests.dlq", partition), offset: offset, key: nil, value: "x", headers: headers,
          timestamp: Timestamp(microseconds: 0))
        let entry = DeadLetterEntry(record)
        var (selection, tally) = (ReplaySelection(.matching(DeadLetterFilter())), DeadLetterTally())
        var newest = NewestDeadLetters(limit: 1, filter: DeadLetterFilter())
        selection.add(record)
        tally.add(record)
        newest.add(record)
        #expect(!DeadLetterText.table([(entry, .open)]).isEmpty && !DeadLetterText.table(tally.groups).isEmpty)
        #expect(selection.places(limit: 1).count + selection.refused.count == 1 && newest.entries.count == 1)
        #expect(!DeadLetterPage.text(record, .open).isEmpty && !RecordText.human(record).isEmpty)
        #expect((OriginalRecord.restored(from: record) == nil) == (entry.refusal != nil))
      }
    }
  }
}
