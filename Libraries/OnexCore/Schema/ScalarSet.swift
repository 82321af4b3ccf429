/// A set of Unicode scalars as ranges, as a character class of a pattern describes one.
struct ScalarSet: Sendable, Hashable {
  private static let last: UInt32 = 0x10FFFF

  private(set) var ranges: [ClosedRange<UInt32>]

  init(_ ranges: [ClosedRange<UInt32>] = []) { self.ranges = ranges }

  init(_ scalar: Unicode.Scalar) { ranges = [scalar.value...scalar.value] }

  static let digit = ScalarSet([48...57])
  static let word = ScalarSet([48...57, 65...90, 95...95, 97...122])
  /// ECMA-262 WhiteSpace and LineTerminator.
  static let space = ScalarSet([
    9...13, 32...32, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029, 0x202F...0x202F, 0x205F...0x205F,
    0x3000...0x3000, 0xFEFF...0xFEFF,
  ])
  /// What `.` matches.
  static let notLineEnd = ScalarSet([10...10, 13...13, 0x2028...0x2029]).inverted

  mutating func formUnion(_ other: ScalarSet) { ranges += other.ranges }

  var inverted: ScalarSet {
    var gaps: [ClosedRange<UInt32>] = []
    var next: UInt32 = 0
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if range.lowerBound > next { gaps.append(next...range.lowerBound - 1) }
      next = max(next, range.upperBound + 1)
    }
    if next <= ScalarSet.last { gaps.append(next...ScalarSet.last) }
    return ScalarSet(gaps)
  }

  func contains(_ scalar: Unicode.Scalar) -> Bool { ranges.contains { $0.contains(scalar.value) } }
}
