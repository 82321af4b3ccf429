import OnexCore
import OnexTestSupport
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
    "9999-12-31T23:59:59-00:01", "9999-12-31T23:59:59-23:59", "9999-12-31T23:59:60Z", "0000-01-01T00:00:00+00:01",
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

  private static let extremes: [Int64] = [
    .min, .min + 1, -9_223_372_036_854_776, -9_223_372_036_854_775, -1_000_001, -1000, -999, -1, 0, 1, 999, 1000,
    1_800_000_000_000_000_000,
    9_223_372_036_854_775, 9_223_372_036_854_776, .max - 1, .max,
  ]

  /// The extremes, and numbers of every length.
  private static let numbers: [Int64] = {
    var random = SplitMix(seed: 20)
    return extremes + (0..<2000).map { index in Int64(bitPattern: random.next()) >> (Int64(index) % 64) }
  }()

  @Test func millisecondsSaturate() {
    for number in TimestampTests.numbers {
      let exact = Int128(number) * 1000
      #expect(Timestamp(milliseconds: number).microseconds == Int64(clamping: exact), "\(number)")
    }
    #expect(Timestamp(milliseconds: .max) == .distantFuture && Timestamp(milliseconds: .min) == .distantPast)
    #expect(
      Timestamp(microseconds: -1).milliseconds == -1 && Timestamp(microseconds: .min).milliseconds == -9_223_372_036_854_776)
  }

  @Test func arithmeticSaturates() {
    let pairs = Array(zip(TimestampTests.numbers, TimestampTests.numbers.reversed()))
    for (a, b) in pairs + TimestampTests.extremes.flatMap({ a in TimestampTests.extremes.map { (a, $0) } }) {
      let (left, right) = (Timestamp(microseconds: a), Timestamp(microseconds: b))
      #expect((left - right).microseconds == Int64(clamping: Int128(a) - Int128(b)), "\(a) - \(b)")
      #expect((left + .microseconds(b)).microseconds == Int64(clamping: Int128(a) + Int128(b)), "\(a) + \(b)")
      #expect((left - .microseconds(b)).microseconds == Int64(clamping: Int128(a) - Int128(b)), "\(a) - \(b)")
    }
    let now = Timestamp(microseconds: 1_795_232_934_123_456)
    #expect(now + .seconds(Int64.max) == .distantFuture && now - .seconds(Int64.min) == .distantFuture)
    #expect(now - .seconds(Int64.max) < .firstRFC3339)
  }

  @Test(
    arguments: [
      (.seconds(Int64.max), .max), (.seconds(Int64.min), .min), (.milliseconds(Int64.max), .max),
      (.microseconds(Int64.max), .max),
      (.microseconds(Int64.min), .min), (.seconds(Int64.max) + .seconds(Int64.max), .max), (.nanoseconds(-1999), -1),
      (.seconds(9_223_372_036_854), 9_223_372_036_854_000_000),
    ] as [(Duration, Int64)])
  func aDurationBeyondTheRangeIsItsBound(_ duration: Duration, _ microseconds: Int64) {
    #expect(duration.microseconds == microseconds)
  }

  @Test(
    arguments: [
      (.infinity, .max), (-.infinity, .min), (.nan, 0), (1e300, .max), (-1e300, .min), (0x1p63, .max), (-0x1p63, .min), (1.9, 1),
      (-1.9, -1), (0x1p53, 9_007_199_254_740_992),
    ] as [(Double, Int64)])
  func aDoubleBeyondTheRangeIsItsBound(_ value: Double, _ expected: Int64) {
    #expect(Int64(saturating: value) == expected)
  }

  @Test func whatTheFormatCannotHoldIsWrittenAsItsFirstOrLastMoment() throws {
    #expect(Timestamp.distantFuture.rfc3339 == "9999-12-31T23:59:59.999999Z")
    #expect(Timestamp(microseconds: 253_402_300_800_000_000).rfc3339 == "9999-12-31T23:59:59.999999Z")
    #expect(Timestamp.distantPast.rfc3339 == "0000-01-01T00:00:00.000000Z")
    #expect(Timestamp(rfc3339: "9999-12-31T23:59:59.999999Z") == .lastRFC3339)
    #expect(Timestamp(rfc3339: "0000-01-01T00:00:00Z") == .firstRFC3339)
    #expect(Timestamp(rfc3339: "9999-12-31T23:59:59+00:01") != nil)
    for number in TimestampTests.numbers {
      let text = Timestamp(microseconds: number).rfc3339
      #expect(Timestamp(rfc3339: text) != nil, "\(number) is written as \(text)")
    }
  }
}
