/// RFC 3339 text of a timestamp. Written here and not with Foundation's formatter, because one is parsed and one is written
/// for each message.
extension Timestamp {
  /// 0000-01-01T00:00:00Z, the first moment that RFC 3339 can write.
  public static let firstRFC3339 = Timestamp(microseconds: -62_167_219_200_000_000)
  /// 9999-12-31T23:59:59.999999Z, the last one.
  public static let lastRFC3339 = Timestamp(microseconds: 253_402_300_799_999_999)

  /// Parses `2026-11-21T03:48:54.123456Z` or any numeric offset. Digits past microseconds are dropped; a leap second counts
  /// as the second after. `nil` for anything else, also for a date that does not exist, and for a moment that its offset or leap
  /// second moves out of the years 0000 to 9999 in UTC.
  public init?(rfc3339 text: some StringProtocol) {
    var text = String(text)
    guard let parsed = text.withUTF8({ Timestamp(rfc3339: UnsafeRawBufferPointer($0)) }) else { return nil }
    self = parsed
  }

  public init?(rfc3339 text: UnsafeRawBufferPointer) {
    var cursor = DigitCursor(text)
    guard let year = cursor.digits(4), cursor.take("-"), let month = cursor.digits(2), cursor.take("-"),
      let day = cursor.digits(2), cursor.take("T") || cursor.take("t") || cursor.take(" "), let hour = cursor.digits(2),
      cursor.take(":"), let minute = cursor.digits(2), cursor.take(":"), let second = cursor.digits(2)
    else { return nil }
    guard (1...12).contains(month), (1...Timestamp.days(in: month, of: year)).contains(day), hour < 24, minute < 60,
      second <= 60
    else { return nil }
    guard let fraction = cursor.fraction(), let offset = cursor.offset(), cursor.isAtEnd else { return nil }
    let days = Timestamp.daysSinceEpoch(year: year, month: month, day: day)
    let seconds = Int64(days) * 86400 + Int64(hour * 3600 + minute * 60 + second) - Int64(offset * 60)
    self.init(microseconds: seconds * 1_000_000 + Int64(fraction))
    guard self >= Timestamp.firstRFC3339, self <= Timestamp.lastRFC3339 else { return nil }
  }

  /// `2026-11-21T03:48:54.123456Z`, always with microseconds. A moment outside the years 0000 to 9999, which the format cannot hold,
  /// is written as the first or the last one that it can.
  public var rfc3339: String {
    String(unsafeUninitializedCapacity: 27) { buffer in
      writeRFC3339(to: UnsafeMutableRawBufferPointer(buffer))
      return 27
    }
  }

  /// Writes the 27 characters of `rfc3339` to the start of `target`.
  public func writeRFC3339(to target: UnsafeMutableRawBufferPointer) {
    precondition(target.count >= 27, "an RFC 3339 timestamp is 27 characters")
    let written = min(max(self, Timestamp.firstRFC3339), Timestamp.lastRFC3339).microseconds
    let (seconds, fraction) = Timestamp.floorDivide(written, 1_000_000)
    let (days, secondOfDay) = Timestamp.floorDivide(seconds, 86400)
    let (year, month, day) = Timestamp.civil(daysSinceEpoch: Int(days))
    var position = 0
    func put(_ value: Int, _ width: Int, then separator: UInt8) {
      var value = value
      for index in stride(from: position + width - 1, through: position, by: -1) {
        target[index] = UInt8(48 + value % 10)
        value /= 10
      }
      target[position + width] = separator
      position += width + 1
    }
    put(year, 4, then: UInt8(ascii: "-"))
    put(month, 2, then: UInt8(ascii: "-"))
    put(day, 2, then: UInt8(ascii: "T"))
    put(Int(secondOfDay) / 3600, 2, then: UInt8(ascii: ":"))
    put(Int(secondOfDay) / 60 % 60, 2, then: UInt8(ascii: ":"))
    put(Int(secondOfDay) % 60, 2, then: UInt8(ascii: "."))
    put(Int(fraction), 6, then: UInt8(ascii: "Z"))
  }

  private static func floorDivide(_ value: Int64, _ divisor: Int64) -> (Int64, Int64) {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }

  private static func days(in month: Int, of year: Int) -> Int {
    switch month {
    case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Days from 1970-01-01 in the proleptic Gregorian calendar. Years start in March here, so that the leap day is the last.
  private static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  private static func civil(daysSinceEpoch: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = daysSinceEpoch + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }
}

/// Reads fixed-width decimal fields.
private struct DigitCursor {
  private let text: UnsafeRawBufferPointer
  private var position = 0

  init(_ text: UnsafeRawBufferPointer) { self.text = text }

  var isAtEnd: Bool { position == text.count }

  mutating func take(_ expected: Unicode.Scalar) -> Bool {
    guard position < text.count, text[position] == UInt8(ascii: expected) else { return false }
    position += 1
    return true
  }

  mutating func digit() -> Int? {
    guard position < text.count, case let byte = text[position], (48...57).contains(byte) else { return nil }
    position += 1
    return Int(byte - 48)
  }

  mutating func digits(_ count: Int) -> Int? {
    var value = 0
    for _ in 0..<count {
      guard let digit = digit() else { return nil }
      value = value * 10 + digit
    }
    return value
  }

  /// Microseconds; zero when there is no fraction, `nil` for a point without digits.
  mutating func fraction() -> Int? {
    guard take(".") else { return 0 }
    var value = 0
    var count = 0
    while let digit = digit() {
      if count < 6 { value = value * 10 + digit }
      count += 1
    }
    guard count > 0 else { return nil }
    for _ in min(count, 6)..<6 { value *= 10 }
    return value
  }

  /// Minutes east of UTC.
  mutating func offset() -> Int? {
    if take("Z") || take("z") { return 0 }
    let sign = take("+") ? 1 : take("-") ? -1 : 0
    guard sign != 0, let hours = digits(2), take(":"), let minutes = digits(2), hours < 24, minutes < 60 else { return nil }
    return sign * (hours * 60 + minutes)
  }
}
