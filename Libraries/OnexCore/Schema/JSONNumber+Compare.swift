extension JSONNumber {
  /// Whether the value is an integer: `3`, `3.0` and `3e2` are, also beyond 64 bits.
  var isWhole: Bool {
    if literal.utf8.allSatisfy({ $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "e") && $0 != UInt8(ascii: "E") }) { return true }
    guard let value = double else { return false }
    return value.rounded() == value
  }

  /// Exact for 64-bit integers; others are compared as doubles, of which the largest are infinite.
  func isLess(than other: JSONNumber) -> Bool {
    if let a = integer, let b = other.integer { return a < b }
    return (Double(literal) ?? 0) < (Double(other.literal) ?? 0)
  }

  /// Exact in decimal for up to 36 digits, so that 0.3 is a multiple of 0.1; beyond that by doubles.
  func isMultiple(of unit: JSONNumber) -> Bool {
    if let value = decimal, let unit = unit.decimal, unit.mantissa != 0 {
      return JSONNumber.isMultiple(value, of: unit)
    }
    guard let value = double, let unit = unit.double else { return false }
    let quotient = value / unit
    return quotient.isFinite && quotient.rounded() == quotient
  }

  private typealias Decimal = (mantissa: Int128, exponent: Int)

  /// A mantissa of up to 36 digits can be multiplied by ten once more and stays inside 128 bits (38 digits).
  private static let mantissaMax = (0..<36).reduce(Int128(1)) { product, _ in product * 10 }

  private var decimal: Decimal? {
    var mantissa: Int128 = 0
    var exponent = 0
    var isFraction = false
    let bytes = Array(literal.utf8)
    let exponentAt = bytes.firstIndex { $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") } ?? bytes.endIndex
    for byte in bytes[..<exponentAt] {
      switch byte {
      case 48...57:
        guard mantissa < JSONNumber.mantissaMax else { return nil }
        mantissa = mantissa * 10 + Int128(byte - 48)
        if isFraction { exponent -= 1 }
      case UInt8(ascii: "."): isFraction = true
      default: break  // The sign, which divisibility does not depend on.
      }
    }
    guard exponentAt < bytes.endIndex else { return (mantissa, exponent) }
    guard let written = Int(String(decoding: bytes[(exponentAt + 1)...], as: UTF8.self)), abs(written) < 1000 else { return nil }
    return (mantissa, exponent + written)
  }

  /// Brings both to the same power of ten, the value modulo the unit all along, so that nothing overflows.
  private static func isMultiple(_ value: Decimal, of unit: Decimal) -> Bool {
    var divisor = unit.mantissa
    for _ in 0..<max(0, unit.exponent - value.exponent) {
      let (scaled, overflow) = divisor.multipliedReportingOverflow(by: 10)
      guard !overflow else { return value.mantissa == 0 }  // The unit is larger than the value.
      divisor = scaled
    }
    var remainder = value.mantissa % divisor
    for _ in 0..<max(0, value.exponent - unit.exponent) where remainder != 0 { remainder = remainder * 10 % divisor }
    return remainder == 0
  }
}
