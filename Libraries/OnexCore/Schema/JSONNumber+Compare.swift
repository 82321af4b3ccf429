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

  /// Exact in decimal as far as 128 bits reach, so that 0.3 is a multiple of 0.1; beyond that by doubles.
  func isMultiple(of unit: JSONNumber) -> Bool {
    if let value = decimal, let unit = unit.decimal, unit.mantissa != 0 {
      let exponent = min(value.exponent, unit.exponent)
      if let a = JSONNumber.scaled(value, to: exponent), let b = JSONNumber.scaled(unit, to: exponent) { return a % b == 0 }
    }
    guard let value = double, let unit = unit.double else { return false }
    let quotient = value / unit
    return quotient.isFinite && quotient.rounded() == quotient
  }

  private typealias Decimal = (mantissa: Int128, exponent: Int)

  private var decimal: Decimal? {
    var mantissa: Int128 = 0
    var exponent = 0
    var isFraction = false
    let bytes = Array(literal.utf8)
    let exponentAt = bytes.firstIndex { $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") } ?? bytes.endIndex
    for byte in bytes[..<exponentAt] {
      switch byte {
      case 48...57:
        let (shifted, overflow) = mantissa.multipliedReportingOverflow(by: 10)
        let (sum, carry) = shifted.addingReportingOverflow(Int128(byte - 48))
        guard !overflow, !carry else { return nil }
        mantissa = sum
        if isFraction { exponent -= 1 }
      case UInt8(ascii: "."): isFraction = true
      default: break  // The sign, which divisibility does not depend on.
      }
    }
    guard exponentAt < bytes.endIndex else { return (mantissa, exponent) }
    guard let written = Int(String(decoding: bytes[(exponentAt + 1)...], as: UTF8.self)), abs(written) < 1000 else { return nil }
    return (mantissa, exponent + written)
  }

  private static func scaled(_ value: Decimal, to exponent: Int) -> Int128? {
    var mantissa = value.mantissa
    for _ in exponent..<value.exponent {
      let (shifted, overflow) = mantissa.multipliedReportingOverflow(by: 10)
      guard !overflow else { return nil }
      mantissa = shifted
    }
    return mantissa
  }
}
