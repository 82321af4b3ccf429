import OnexCore

/// A sum of decimal numbers without rounding, whatever their order: a fixed-point number that is wide enough for every double.
///
/// Digits beyond 1,116 places behind the point are dropped: the smallest double above zero has 1,074. A number costs what its digits
/// cost, so that adding is linear in the text of the payload.
struct DecimalSum {
  private static let limbDigits = 18
  private static let base: Int128 = 1_000_000_000_000_000_000
  /// Limbs behind the point: 62 × 18 places.
  private static let fractionLimbs = 62
  private static let fractionDigits = fractionLimbs * limbDigits
  /// Limbs before the point: room for 10^308 and, above that, for the sum of as many of them as memory holds.
  private static let integerLimbs = 20
  private static let powers: [Int128] = (0..<limbDigits).map { (0..<$0).reduce(Int128(1)) { power, _ in power * 10 } }

  /// In base 10^18, the least significant first, each with a sign and not yet carried: 128 bits hold 10^20 additions.
  private var limbs = [Int128](repeating: 0, count: fractionLimbs + integerLimbs)

  /// - Parameter number: within the range of a double.
  mutating func add(_ number: JSONNumber) {
    // The common case, without looking at digits.
    if let integer = Int64(number.literal) {
      limbs[DecimalSum.fractionLimbs] += Int128(integer)
      return
    }
    let decimal = DecimalDigits(number)
    for (index, digit) in decimal.digits.enumerated() where digit != 0 {
      let place = decimal.firstPlace - index + DecimalSum.fractionDigits
      guard place >= 0 else { return }
      let limb = place / DecimalSum.limbDigits
      guard limb < limbs.count else {
        preconditionFailure("a number within the range of a double has 309 digits before the point")
      }
      let value = Int128(digit) * DecimalSum.powers[place % DecimalSum.limbDigits]
      limbs[limb] += decimal.isNegative ? -value : value
    }
  }

  /// The sum divided by `count`: exact where that is an integer of 64 bits, otherwise the double that is nearest; `nil` when it is
  /// beyond the range of one.
  func divided(by count: Int) -> JSONNumber? {
    var (magnitude, isNegative) = carried
    var remainder: UInt128 = 0
    for place in magnitude.indices.reversed() {
      let value = remainder * UInt128(DecimalSum.base) + UInt128(magnitude[place])
      magnitude[place] = UInt64(truncatingIfNeeded: value / UInt128(count))
      remainder = value % UInt128(count)
    }
    let fraction = magnitude[..<DecimalSum.fractionLimbs]
    let higher = magnitude[(DecimalSum.fractionLimbs + 2)...]
    if remainder == 0, fraction.allSatisfy({ $0 == 0 }), higher.allSatisfy({ $0 == 0 }) {
      let (low, high) = (magnitude[DecimalSum.fractionLimbs], magnitude[DecimalSum.fractionLimbs + 1])
      let integer = Int128(high) * DecimalSum.base + Int128(low)
      if let exact = Int64(exactly: isNegative ? -integer : integer) { return JSONNumber(exact) }
    }
    // A last digit behind all others says that there is a rest, which decides where the digits lie halfway between two doubles.
    let digits = magnitude.reversed().map(DecimalSum.text).joined() + (remainder == 0 ? "0" : "1")
    guard let value = Double("\(isNegative ? "-" : "")\(digits)e-\(DecimalSum.fractionDigits + 1)") else { return nil }
    return JSONNumber(value)
  }

  private static func text(_ limb: UInt64) -> String {
    let digits = String(limb)
    return String(repeating: "0", count: limbDigits - digits.utf8.count) + digits
  }

  /// The digits of the sum's magnitude, each limb below 10^18, and its sign.
  private var carried: (magnitude: [UInt64], isNegative: Bool) {
    let (carried, rest) = DecimalSum.carry(limbs)
    guard rest < 0 else { return (carried, false) }
    return (DecimalSum.carry(limbs.map { -$0 }).limbs, true)
  }

  /// `rest` is what lies above the highest limb: 0, or -1 for a negative number.
  private static func carry(_ limbs: [Int128]) -> (limbs: [UInt64], rest: Int128) {
    var carried: [UInt64] = []
    var carry: Int128 = 0
    for limb in limbs {
      let value = limb + carry
      let (quotient, remainder) = value.quotientAndRemainder(dividingBy: base)
      carry = remainder < 0 ? quotient - 1 : quotient
      carried.append(UInt64(truncatingIfNeeded: remainder < 0 ? remainder + base : remainder))
    }
    return (carried, carry)
  }
}

/// The digits of a number as they are written, and the power of ten that the first of them counts.
private struct DecimalDigits {
  private(set) var isNegative = false
  private(set) var digits: [UInt8] = []
  private(set) var firstPlace = 0

  /// - Parameter number: within the range of a double; its exponent may still have any size where its digits are zeros or many.
  init(_ number: JSONNumber) {
    var integerDigits = 0
    var isFraction = false
    var exponentText = ""
    let text = number.literal.utf8
    let exponentAt = text.firstIndex { $0 | 0x20 == UInt8(ascii: "e") } ?? text.endIndex
    for byte in text[..<exponentAt] {
      switch byte {
      case UInt8(ascii: "-"): isNegative = true
      case UInt8(ascii: "."): isFraction = true
      default:
        // Leading zeros count no place: `0.001e308` begins at 10^305.
        if digits.isEmpty, byte == 48 {
          if isFraction { integerDigits -= 1 }
        } else {
          digits.append(byte - 48)
          if !isFraction { integerDigits += 1 }
        }
      }
    }
    guard !digits.isEmpty else { return }
    if exponentAt < text.endIndex { exponentText = String(Substring(text[text.index(after: exponentAt)...])) }
    // An exponent that fits no machine word belongs to a number that is too small to count, since it is not too large.
    let exponent = exponentText.isEmpty ? 0 : Int(exponentText) ?? -(1 << 40)
    firstPlace = max(-(1 << 41), min(exponent, 1 << 40)) + integerDigits - 1
    // Too small to count even where it has as many digits as a message can hold.
    if firstPlace < -(1 << 39) { digits = [] }
  }
}
