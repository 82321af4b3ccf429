import OnexCommandLine
import OnexCore
import Testing

@testable import OnexControl

@Suite struct RecordTextTests {
  private func record(_ value: Bytes?, key: Bytes? = "k", headers: [RecordHeader] = []) -> ConsumedRecord {
    ConsumedRecord(
      source: TopicPartition("requests", 2), offset: 7, key: key, value: value, headers: headers,
      timestamp: Timestamp(microseconds: 1_795_232_934_123_456))
  }

  @Test func aRequestIsOneLineWithTimePlaceKeyAndOperation() {
    #expect(
      RecordText.human(record(#"{"operation":"compute.echo"}"#)) == "2026-11-21T03:48:54.123456Z  2:7  k  compute.echo  request")
  }

  @Test func responsesSayHowTheyEnded() {
    #expect(RecordText.human(record(#"{"operation":"a.b","is_response":true,"success":true}"#)).hasSuffix("a.b  success"))
    #expect(
      RecordText.human(record(#"{"operation":"a.b","is_response":true,"success":false,"error":{"code":"TIMEOUT"}}"#))
        .hasSuffix("a.b  TIMEOUT"))
  }

  @Test func deadLettersSayWhyAndTombstonesSaySo() {
    let letter = record("broken", headers: [RecordHeader("onex_dlq_error_code", "INVALID_JSON")])
    #expect(RecordText.human(letter).hasSuffix("INVALID_JSON  broken"))
    #expect(RecordText.human(record(nil)).hasSuffix("(no value)"))
  }

  @Test func aStrangersTextCannotActOnTheTerminal() {
    let text = RecordText.human(record("\u{1B}[2Jhello\u{7}\nnext", key: "\u{9B}31m"))
    #expect(!text.unicodeScalars.contains { $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) })
    #expect(text.contains("hello"))
    #expect(PrintableText.of("a\n\tb\u{1B}", keepsLines: true) == "a\n\tb\\u001b")
  }

  @Test func theMachinesFormHoldsEverything() throws {
    let text = RecordText.json(record("v", key: nil, headers: [RecordHeader("a", "1"), RecordHeader("a", nil)]))
    #expect(
      text == #"{"topic":"requests","partition":2,"offset":7,"timestamp":"2026-11-21T03:48:54.123456Z","key":null,"#
        + #""headers":[["a","1"],["a",null]],"value":"v"}"#)
  }
}
