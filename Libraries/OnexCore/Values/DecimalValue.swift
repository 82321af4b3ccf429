/// The value of a decimal literal: ± 0.d₁d₂…dₙ × 10^exponent. Neither the first nor the last digit is zero, so that each value has one
/// form; zero has no digits. For comparing one number with many others: each is taken apart once.
public struct DecimalValue: Sendable, Hashable {
  private(set) var isNegative = false
  /// From 0 to 9, the most significant first.
  private(set) var digits: [UInt8] = []
  private(set) var exponent = DecimalExponent(0)

  public init(_ number: JSONNumber) {
    var written: [UInt8] = []
    var integerDigits = 0
    var exponentDigits: [UInt8] = []
    var isExponentNegative = false
    enum Part { case integer, fraction, exponent }
    var part = Part.integer
    for byte in number.literal.utf8 {
      switch byte {
      case 48...57:
        guard part != .exponent else {
          exponentDigits.append(byte - 48)
          continue
        }
        written.append(byte - 48)
        if part == .integer { integerDigits += 1 }
      case UInt8(ascii: "."): part = .fraction
      case UInt8(ascii: "e"), UInt8(ascii: "E"): part = .exponent
      case UInt8(ascii: "-"): if part == .exponent { isExponentNegative = true } else { isNegative = true }
      default: break
      }
    }
    let zeros = written.prefix { $0 == 0 }.count
    guard zeros < written.count else {
      isNegative = false
      return
    }
    while written.last == 0 { written.removeLast() }
    digits = Array(written[zeros...])
    exponent = DecimalExponent(isNegative: isExponentNegative, exponentDigits, adding: integerDigits - zeros)
  }

  var isZero: Bool { digits.isEmpty }

  var isWhole: Bool { isZero || exponent.difference(to: DecimalExponent(digits.count)) >= 0 }

  /// The value when it is an integer that fits 64 bits.
  var integer: Int64? {
    guard !isZero else { return 0 }
    guard case .small(let places) = exponent.form, places >= digits.count, places <= 19 else { return nil }
    var magnitude: UInt64 = 0
    for place in 0..<places {
      let (shifted, overflow) = magnitude.multipliedReportingOverflow(by: 10)
      let (next, carry) = shifted.addingReportingOverflow(place < digits.count ? UInt64(digits[place]) : 0)
      guard !overflow, !carry else { return nil }
      magnitude = next
    }
    if isNegative { return magnitude <= Int64.min.magnitude ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil }
    return Int64(exactly: magnitude)
  }

  /// Both values without their last zeros are an integer times a power of ten: value = V × 10^v, unit = U × 10^u. With k = v - u the
  /// question is whether U divides V × 10^k.
  func isMultiple(of unit: DecimalValue) -> Bool {
    guard !unit.isZero else { return false }
    guard !isZero else { return true }
    let shift = exponent.difference(to: unit.exponent) - digits.count + unit.digits.count
    // V ends in no zero, so that it is no multiple of ten times anything.
    guard shift >= 0 else { return false }
    // U has fewer factors of 2 and of 5 than bits, and a digit holds less than 4 bits: more tens change nothing.
    let tens = min(shift, unit.digits.count * 4)
    if unit.digits.count <= 18 { return isDivisible(by: unit.digits.reduce(0) { $0 * 10 + UInt64($1) }, afterTens: tens) }
    var remainder = LongRemainder(of: unit.digits)
    for digit in digits { remainder.append(digit) }
    for _ in 0..<tens where !remainder.isZero { remainder.append(0) }
    return remainder.isZero
  }

  /// - Parameter divisor: below 10^18, so that ten times a remainder fits.
  private func isDivisible(by divisor: UInt64, afterTens tens: Int) -> Bool {
    var remainder: UInt64 = 0
    for digit in digits { remainder = (remainder * 10 + UInt64(digit)) % divisor }
    for _ in 0..<tens where remainder != 0 { remainder = remainder * 10 % divisor }
    return remainder == 0
  }
}

extension DecimalValue: Comparable {
  public static func < (left: DecimalValue, right: DecimalValue) -> Bool {
    if left.isZero || right.isZero || left.isNegative != right.isNegative { return left.sign < right.sign }
    let difference = left.exponent.difference(to: right.exponent)
    let isSmaller = difference != 0 ? difference < 0 : left.digits.lexicographicallyPrecedes(right.digits)
    guard left.isNegative else { return isSmaller }
    return !isSmaller && left != right
  }

  private var sign: Int { isZero ? 0 : isNegative ? -1 : 1 }
}

/// A power of ten, of any size: a literal's exponent may have as many digits as fit into a message.
struct DecimalExponent: Sendable, Hashable {
  enum Form: Sendable, Hashable {
    /// Below 10^18 either way.
    case small(Int)
    /// The digits of its magnitude, 10^18 or more, without leading zeros.
    case large(isNegative: Bool, [UInt8])
  }

  /// Digits that a small one has at most.
  private static let smallDigits = 18
  /// A difference beyond this says only which of both is larger.
  private static let differenceMax = 1_000_000_000_000_000_000

  let form: Form

  init(_ value: Int) { form = .small(value) }

  /// The exponent that is written as `digits`, most significant first, plus `shift`, which is less than 10^18 either way.
  init(isNegative: Bool, _ digits: [UInt8], adding shift: Int) {
    let written = Array(digits.drop { $0 == 0 })
    if written.count <= DecimalExponent.smallDigits {
      let value = written.reduce(0) { $0 * 10 + Int($1) }
      form = DecimalExponent.form((isNegative ? -value : value) + shift)
    } else {
      form = DecimalExponent.form(isNegative, written, adding: isNegative ? -shift : shift)
    }
  }

  private static func form(_ value: Int) -> Form {
    guard value.magnitude >= differenceMax else { return .small(value) }
    return .large(isNegative: value < 0, digits(of: value.magnitude))
  }

  private static func digits(of magnitude: UInt) -> [UInt8] { String(magnitude).utf8.map { $0 - 48 } }

  /// The magnitude is larger than `shift`, so that the sign stays.
  private static func form(_ isNegative: Bool, _ magnitude: [UInt8], adding shift: Int) -> Form {
    var digits = magnitude
    var carry = shift
    for place in digits.indices.reversed() where carry != 0 {
      let sum = Int(digits[place]) + carry
      let digit = (sum % 10 + 10) % 10
      digits[place] = UInt8(digit)
      carry = (sum - digit) / 10
    }
    if carry > 0 { digits = DecimalExponent.digits(of: UInt(carry)) + digits }
    digits = Array(digits.drop { $0 == 0 })
    guard digits.count <= smallDigits else { return .large(isNegative: isNegative, digits) }
    let value = digits.reduce(0) { $0 * 10 + Int($1) }
    return .small(isNegative ? -value : value)
  }

  /// This exponent minus `other`. A difference beyond 10^16 says only which of both is larger.
  func difference(to other: DecimalExponent) -> Int {
    if case .small(let a) = form, case .small(let b) = other.form {
      return min(max(a - b, -DecimalExponent.differenceMax), DecimalExponent.differenceMax)
    }
    let (a, b) = (signedDigits, other.signedDigits)
    let count = max(a.count, b.count)
    var difference = 0
    for place in 0..<count {
      let left = place + a.count - count
      let right = place + b.count - count
      difference = difference * 10 + (left < 0 ? 0 : a[left]) - (right < 0 ? 0 : b[right])
      // Later digits change it by less than 3 times their own place, so that it only grows from here.
      if difference.magnitude > DecimalExponent.differenceMax / 100 {
        return difference < 0 ? -DecimalExponent.differenceMax : DecimalExponent.differenceMax
      }
    }
    return difference
  }

  private var signedDigits: [Int] {
    switch form {
    case .small(let value): DecimalExponent.digits(of: value.magnitude).map { value < 0 ? -Int($0) : Int($0) }
    case .large(let isNegative, let digits): digits.map { isNegative ? -Int($0) : Int($0) }
    }
  }
}

/// The remainder of a number, which comes digit by digit, by one of more than 18 digits.
private struct LongRemainder {
  private static let base: UInt64 = 1_000_000_000_000_000_000

  /// In base 10^18, the least significant first; one more than the divisor has.
  private let divisor: [UInt64]
  private var limbs: [UInt64]

  init(of digits: [UInt8]) {
    var divisor: [UInt64] = []
    var end = digits.count
    while end > 0 {
      let start = max(0, end - 18)
      divisor.append(digits[start..<end].reduce(0) { $0 * 10 + UInt64($1) })
      end = start
    }
    self.divisor = divisor + [0]
    limbs = [UInt64](repeating: 0, count: divisor.count + 1)
  }

  var isZero: Bool { limbs.allSatisfy { $0 == 0 } }

  /// Ten times the remainder and a digit, reduced again: at most nine subtractions.
  mutating func append(_ digit: UInt8) {
    var carry = UInt64(digit)
    for place in limbs.indices {
      let value = limbs[place] * 10 + carry
      limbs[place] = value % LongRemainder.base
      carry = value / LongRemainder.base
    }
    while !isBelowDivisor { subtractDivisor() }
  }

  private var isBelowDivisor: Bool {
    for place in limbs.indices.reversed() where limbs[place] != divisor[place] { return limbs[place] < divisor[place] }
    return false
  }

  private mutating func subtractDivisor() {
    var borrow: UInt64 = 0
    for place in limbs.indices {
      let taken = divisor[place] + borrow
      borrow = limbs[place] < taken ? 1 : 0
      limbs[place] = limbs[place] + (borrow == 1 ? LongRemainder.base : 0) - taken
    }
  }
}
