import OnexCore
import Testing

@Suite struct TimestampTests {
  @Test(arguments: [
    ("1970-01-01T00:00:00Z", 0),
    ("2026-11-21T03:48:54.123456Z", 1_795_232_934_123_456),
    ("2026-11-21T05:48:54.123456+02:00", 1_795_232_934_123_456),
    ("2000-02-29T23:59:59.9Z", 951_868_799_900_000),
    ("1969-12-31T23:59:59.999999Z", -1),
    ("2026-11-21T03:48:54.1234567899Z", 1_795_232_934_123_456),
  ])
  func parses(_ text: String, _ microseconds: Int64) throws {
    #expect(try #require(Timestamp(rfc3339: text)).microseconds == microseconds)
  }

  @Test(arguments: [
    "", "2026-11-21", "2026-11-21T03:48:54", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-21T24:00:00Z",
    "2026-11-21T03:48:54.Z", "2026-11-21T03:48:54Zx", "2026-11-21T03:48:54+2:00", "tomorrow",
  ])
  func refusesWhatIsNoTimestamp(_ text: String) {
    #expect(Timestamp(rfc3339: text) == nil)
  }

  @Test func everyDayOfFourCenturiesRoundTrips() {
    for day in stride(from: -60_000, through: 90_000, by: 1) {
      let timestamp = Timestamp(microseconds: Int64(day) * 86_400_000_000 + 43_200_000_001)
      #expect(Timestamp(rfc3339: timestamp.rfc3339) == timestamp)
    }
  }
}
