import OnexTestSupport
import Testing

@testable import OnexCore

@Suite struct JSONNumberTests {
  private func number(_ literal: String) -> JSONNumber { JSONNumber(validatedLiteral: literal) }

  @Test(arguments: [
    ("1", "1.0"), ("100", "1e2"), ("1e400", "10e399"), ("-0", "0"), ("0e5", "0.000"), ("-0.0", "0E-7"), ("1.10", "1.1"),
    ("0.1e1", "1"), ("1e99999999999999999999999", "10e99999999999999999999998"),
    ("0.001e1000000000000000000", "1e999999999999999997"), ("1E+05", "100000"),
    ("123456789012345678901234567890", "1234567890123456789012345678.90e2"),
    ("1e-9223372036854775808", "0.1e-9223372036854775807"),
  ])
  func numbersOfOneValueAreEqual(_ a: String, _ b: String) {
    #expect(number(a) == number(b) && number(b) == number(a))
    #expect(number(a).hashValue == number(b).hashValue)
    #expect(!(number(a) < number(b)) && !(number(b) < number(a)))
  }

  /// Each is less than the next.
  private static let ascending = [
    "-1e99999999999999999999", "-1e400", "-1e399", "-1.7976931348623157e308", "-9223372036854775809", "-9223372036854775808",
    "-2",
    "-1.0000000000000000000001", "-1", "-0.1", "-1e-400", "-1e-9223372036854775808", "0", "1e-99999999999999999999",
    "1e-9223372036854775808", "1e-400", "0.09999999999999999999", "0.1", "1", "1.0000000000000000000001", "9007199254740992",
    "9007199254740992.5", "9007199254740993", "9007199254740993.5", "9223372036854775807", "9223372036854775808", "1e400",
    "1.5e400", "1e401", "1e9223372036854775807", "1e9223372036854775808", "1e99999999999999999999",
  ]

  @Test func theOrderIsExact() {
    let numbers = JSONNumberTests.ascending.map(number)
    for (i, a) in numbers.enumerated() {
      for (j, b) in numbers.enumerated() {
        #expect((a < b) == (i < j) && (a == b) == (i == j), "\(a.literal) and \(b.literal)")
      }
    }
  }

  @Test(arguments: [
    ("3", true), ("3.0", true), ("3e2", true), ("1e400", true), ("-0.0", true), ("1.5e1", true), ("0e-400", true),
    ("123456789012345678901234567890.0", true), ("100e-2", true), ("1e99999999999999999999", true), ("9007199254740993.5", false),
    ("1.0000000000000000000001", false), ("1e-400", false), ("1.5", false), ("15e-2", false), ("1e-9223372036854775808", false),
    ("1e-99999999999999999999", false),
  ])
  func anIntegerIsOneHoweverItIsWritten(_ literal: String, _ expected: Bool) {
    #expect(number(literal).isWhole == expected)
  }

  @Test(
    arguments: [
      ("7", 7), ("7.0", 7), ("-7e2", -700), ("0.7e1", 7), ("9223372036854775807.0", .max), ("-9223372036854775808.0", .min),
      ("9223372036854775808", nil), ("9223372036854775808.0", nil), ("-9223372036854775809.0", nil), ("1e19", nil), ("7.5", nil),
      ("1e400", nil), ("1e-400", nil), ("-0.0", 0), ("0e99999999999999999999", 0),
    ] as [(String, Int64?)])
  func integersOf64BitsAreRead(_ literal: String, _ expected: Int64?) {
    #expect(number(literal).integer == expected)
  }

  @Test(arguments: [
    ("0.3", "0.1", true), ("0.35", "0.1", false), ("4.02", "0.01", true), ("1e300", "3", false), ("1e308", "0.123456789", false),
    ("3e9223372036854775807", "3", true), ("1e9223372036854775807", "7", false), ("1e-9223372036854775808", "1", false),
    ("1", "1e-9223372036854775808", true), ("1e-9223372036854775808", "1e-9223372036854775808", true), ("0", "7", true),
    ("7", "0", false), ("-0.0", "0.5", true), ("-9223372036854775808", "-1", true), ("1e99999999999999999999", "8", true),
    ("1e-99999999999999999999", "1e-99999999999999999998", false), ("1e-99999999999999999998", "1e-99999999999999999999", true),
    ("123456789012345678901234567890", "12345678901234567890123456789", true),
    ("123456789012345678901234567891", "12345678901234567890123456789", false),
    ("1e40", "1267650600228229401496703205376", false), ("1e100", "1267650600228229401496703205376", true),
    ("9.75", "0.25", true), ("1e400", "1e399", true), ("1e399", "1e400", false),
  ])
  func multiplesAreExactForEveryExponent(_ value: String, _ unit: String, _ expected: Bool) {
    #expect(number(value).isMultiple(of: number(unit)) == expected)
  }

  /// Against arithmetic with integers, for numbers that are written in many ways.
  @Test func comparisonsAgreeWithIntegers() {
    var random = SplitMix(seed: 7)
    func written(_ value: Int) -> JSONNumber {
      switch random.next(below: 4) {
      case 0: number("\(value)")
      case 1: number("\(value)000e-3")
      case 2: number("\(value).000")
      default:
        number(
          "\(value < 0 ? "-" : "")0.\(String(repeating: "0", count: 20))\(value.magnitude)e\(20 + "\(value.magnitude)".count)")
      }
    }
    for _ in 0..<5000 {
      let (a, b) = (random.next(below: 2000) - 1000, random.next(below: 40) - 20)
      let (left, right) = (written(a), written(b))
      #expect((left < right) == (a < b) && (left == right) == (a == b), "\(left.literal) and \(right.literal)")
      #expect(left.integer == Int64(a) && left.isWhole)
      #expect(left.isMultiple(of: right) == (b != 0 && a % b == 0), "\(left.literal) of \(right.literal)")
    }
  }

  @Test func aMillionDigitsAreCompared() {
    let digits = String(repeating: "7", count: 1_000_000)
    let (a, b) = (number("0.\(digits)1"), number("0.\(digits)2"))
    #expect(a < b && a != b && !a.isWhole)
    #expect(number("1e\(digits)1") < number("1e\(digits)2"))
    #expect(number(digits).isMultiple(of: number("7")))
    #expect(!number(digits).isMultiple(of: number("70")))
  }

  /// Numbers beyond the range of a double must not share one hash: a set of them would take quadratic time.
  @Test func numbersBeyondADoubleHaveDifferentHashes() {
    let hashes = Set((0..<1000).map { number("1e\(400 + $0)").hashValue })
    #expect(hashes.count > 990)
  }
}
