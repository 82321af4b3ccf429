/// A JSON number as it was written.
///
/// The literal is kept, so that `1.10`, `1e400` and a 40-digit identifier pass through the runtime unchanged. Comparisons are exact
/// for every literal: they work on its decimal digits, in time and memory proportional to the literal's length. A huge exponent costs
/// what its digits cost, never what its value is.
public struct JSONNumber: Sendable {
  public let literal: String

  public init(_ value: some BinaryInteger) { literal = String(value) }

  /// `nil` when `value` is infinite or not a number. A whole value below 2^53 is written without a fraction.
  public init?(_ value: Double) {
    guard value.isFinite else { return nil }
    if value.rounded() == value, abs(value) < 9_007_199_254_740_992 {
      literal = String(Int64(value))
    } else {
      literal = "\(value)"
    }
  }

  /// `literal` must follow the grammar of RFC 8259 section 6; the parser guarantees it.
  public init(validatedLiteral literal: String) { self.literal = literal }

  /// The value when it is an integer, however it is written (`3`, `3.0`, `3e2`), and fits 64 bits.
  public var integer: Int64? {
    if let value = Int64(literal) { return value }
    return isPlainInteger ? nil : DecimalValue(self).integer
  }

  /// The nearest double; `nil` when it would be infinite.
  public var double: Double? {
    guard let value = Double(literal), value.isFinite else { return nil }
    return value
  }

  /// Whether the value is an integer, however it is written and of any size: `3`, `3.0`, `3e2` and `1e400` are.
  public var isWhole: Bool { isPlainInteger || DecimalValue(self).isWhole }

  /// The exact order of the values.
  public func isLess(than other: JSONNumber) -> Bool {
    if literal.isExactly(other.literal) { return false }
    if let a = Int64(literal), let b = Int64(other.literal) { return a < b }
    // Rounding to the nearest double never reverses an order, so that two different doubles decide.
    if let a = Double(literal), let b = Double(other.literal), a != b { return a < b }
    return DecimalValue(self) < DecimalValue(other)
  }

  /// Whether the value is a whole number of times `unit`, exactly: 0.3 is a multiple of 0.1. `false` for a unit of 0. The sign of
  /// neither matters.
  ///
  /// Takes time proportional to the digits of the value for a unit of up to 18 digits; for a longer one, to the product of both
  /// lengths. A unit comes from a contract, a value from a request.
  public func isMultiple(of unit: JSONNumber) -> Bool {
    if let a = Int64(literal), let b = Int64(unit.literal) { return b != 0 && a.magnitude % b.magnitude == 0 }
    return DecimalValue(self).isMultiple(of: DecimalValue(unit))
  }

  /// Written with digits and a sign alone.
  private var isPlainInteger: Bool {
    literal.utf8.allSatisfy { $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "e") && $0 != UInt8(ascii: "E") }
  }
}

extension JSONNumber: Comparable {
  public static func < (left: JSONNumber, right: JSONNumber) -> Bool { left.isLess(than: right) }
}

extension JSONNumber: Hashable {
  /// Numbers are equal by value: `1` is `1.0`, and `1e400` is `10e399`.
  public static func == (left: JSONNumber, right: JSONNumber) -> Bool {
    if left.literal.isExactly(right.literal) { return true }
    if let a = Int64(left.literal), let b = Int64(right.literal) { return a == b }
    if let a = Double(left.literal), let b = Double(right.literal), a != b { return false }
    return DecimalValue(left) == DecimalValue(right)
  }

  /// Of all digits: numbers beyond the range of a double, which anybody can send, would otherwise share one hash.
  public func hash(into hasher: inout Hasher) {
    if let integer = Int64(literal) {
      hasher.combine(integer)
    } else {
      let value = DecimalValue(self)
      if let integer = value.integer { hasher.combine(integer) } else { hasher.combine(value) }
    }
  }
}
