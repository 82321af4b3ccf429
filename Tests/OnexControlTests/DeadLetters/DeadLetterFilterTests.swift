import OnexCommandLine
import OnexCore
import Testing

@testable import OnexControl

@Suite struct DeadLetterFilterTests {
  private func filter(_ arguments: String...) throws -> DeadLetterFilter {
    try DeadLetterFilter(ArgumentSet(["list"] + arguments, DeadLettersCommand.grammar), now: Letters.now)
  }

  private func matches(_ filter: DeadLetterFilter, _ record: ConsumedRecord) -> Bool { filter.matches(DeadLetterEntry(record)) }

  @Test func withoutOptionsEverythingIsMeant() throws {
    #expect(matches(try filter(), Letters.letter(1)))
    #expect(matches(try filter(), Letters.stranger(1)))
  }

  @Test func eachOptionSelects() throws {
    let letter = Letters.letter(1, age: 3600)
    #expect(matches(try filter("--code", "INVALID_JSON"), letter))
    #expect(!matches(try filter("--code", "INVALID"), letter))
    #expect(matches(try filter("--group", "onex-runtime-main"), letter))
    #expect(!matches(try filter("--group", "other"), letter))
    #expect(matches(try filter("--correlation", Letters.correlation.description.uppercased()), letter))
    #expect(!matches(try filter("--correlation", "00000000-0000-0000-0000-000000000000"), letter))
    #expect(matches(try filter("--since", "2h", "--until", "30m"), letter))
    #expect(!matches(try filter("--since", "59m"), letter))
    #expect(!matches(try filter("--until", "61m"), letter))
    #expect(!matches(try filter("--code", "INVALID_JSON", "--group", "other"), letter), "all of them must hold")
  }

  @Test func sinceIsIncludedAndUntilIsNot() throws {
    let time = DeadLetterEntry(Letters.letter(1)).failedAt?.rfc3339 ?? ""
    #expect(matches(try filter("--since", time), Letters.letter(1)))
    #expect(!matches(try filter("--until", time), Letters.letter(1)))
  }

  @Test func whatDoesNotSayIsNotMeant() throws {
    for option in [("--code", "X"), ("--since", "7d"), ("--until", "1s"), ("--group", "g")] {
      #expect(!matches(try filter(option.0, option.1), Letters.stranger(1)))
    }
  }

  @Test(arguments: [("90s", 90), ("30m", 1800), ("2h", 7200), ("7d", 604_800), ("0s", 0)])
  func agoIsCountedFromNow(_ text: String, _ seconds: Int64) {
    #expect(PointInTime.parse(text, now: Letters.now) == Letters.now + .seconds(-seconds))
  }

  @Test(arguments: ["", "h", "2", "2w", "-2h", "1.5h", "yesterday", "9999999999999999999d", "99999999d", "2026-11-21"])
  func otherTimesAreRefused(_ text: String) {
    #expect(PointInTime.parse(text, now: Letters.now) == nil)
    #expect(throws: ArgumentSet.Misuse.self) { try filter("--since", text) }
  }

  @Test func mistypedIdsAndTurnedTimesAreRefused() {
    #expect(throws: ArgumentSet.Misuse.self) { try filter("--correlation", "12") }
    #expect(throws: ArgumentSet.Misuse.self) { try filter("--since", "1h", "--until", "2h") }
  }
}
