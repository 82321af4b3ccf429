/// A JSON number as it was written.
///
/// The literal is kept, so that `1.10`, `1e400` and a 40-digit identifier pass through the runtime unchanged; arithmetic
/// asks for `integer` or `double` and learns there whether the value fits.
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

  /// The value when it is written as an integer and fits 64 bits.
  public var integer: Int64? { Int64(literal) }

  /// The nearest double; `nil` when it would be infinite.
  public var double: Double? {
    guard let value = Double(literal), value.isFinite else { return nil }
    return value
  }
}

extension JSONNumber: Hashable {
  /// Numbers are equal by value where both fit, by literal otherwise.
  public static func == (left: JSONNumber, right: JSONNumber) -> Bool {
    if let a = left.integer, let b = right.integer { return a == b }
    if let a = left.double, let b = right.double { return a == b }
    return left.literal == right.literal
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(double ?? .infinity) }
}
