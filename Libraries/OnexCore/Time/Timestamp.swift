/// A moment in UTC, in microseconds since 1970-01-01 (the resolution PostgreSQL keeps).
///
/// Timestamps come from records, requests and settings, where any 64-bit number can stand. Arithmetic therefore saturates: a result
/// outside the range is `distantPast` or `distantFuture`, about 292,000 years away. A duration counts as what `microseconds` gives.
public struct Timestamp: Sendable, Hashable, Comparable {
  public let microseconds: Int64

  public init(microseconds: Int64) { self.microseconds = microseconds }

  /// Saturates: Kafka carries milliseconds in 64 bits, a thousand times what fits.
  public init(milliseconds: Int64) {
    let (product, overflow) = milliseconds.multipliedReportingOverflow(by: 1000)
    self.microseconds = overflow ? (milliseconds < 0 ? .min : .max) : product
  }

  public static let distantPast = Timestamp(microseconds: .min)
  public static let distantFuture = Timestamp(microseconds: .max)

  /// Whole milliseconds, rounded towards the past.
  public var milliseconds: Int64 { microseconds / 1000 - (microseconds % 1000 < 0 ? 1 : 0) }

  public static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }

  public static func + (left: Timestamp, right: Duration) -> Timestamp {
    let added = right.microseconds
    let (sum, overflow) = left.microseconds.addingReportingOverflow(added)
    return Timestamp(microseconds: overflow ? (added < 0 ? .min : .max) : sum)
  }

  public static func - (left: Timestamp, right: Duration) -> Timestamp {
    let taken = right.microseconds
    let (difference, overflow) = left.microseconds.subtractingReportingOverflow(taken)
    return Timestamp(microseconds: overflow ? (taken < 0 ? .max : .min) : difference)
  }

  /// At most 2^63 microseconds either way.
  public static func - (left: Timestamp, right: Timestamp) -> Duration {
    let (difference, overflow) = left.microseconds.subtractingReportingOverflow(right.microseconds)
    return .microseconds(overflow ? (left < right ? .min : .max) : difference)
  }
}

extension Duration {
  /// Whole microseconds, rounded towards zero; the nearest 64-bit number for a duration beyond 292,000 years.
  public var microseconds: Int64 {
    if self >= .microseconds(Int64.max) { return .max }
    if self <= .microseconds(Int64.min) { return .min }
    return components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
  }

  public var milliseconds: Double { Double(microseconds) / 1000 }
  public var seconds: Double { Double(microseconds) / 1_000_000 }

  /// The duration of so many seconds, in microseconds; zero for what is not a number, saturated beyond 292,000 years.
  public static func saturating(seconds: Double) -> Duration { .microseconds(Int64(saturating: seconds * 1_000_000)) }
}

extension Int64 {
  /// `value` rounded towards zero; zero for what is not a number, the nearest bound outside the range.
  public init(saturating value: Double) {
    // The largest double below 2^63 fits; 2^63 itself does not.
    self = value.isNaN ? 0 : value >= 0x1p63 ? .max : value < -0x1p63 ? .min : Int64(value)
  }
}
