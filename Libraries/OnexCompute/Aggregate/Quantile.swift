import OnexCore

/// Quantiles by linear interpolation between the two nearest values: type 7 of Hyndman and Fan (The American Statistician 50,
/// 1996), which spreadsheets, R and NumPy use unless told otherwise.
enum Quantile {
  /// `nil` for no values. `fraction` is from 0 (the least) to 1 (the greatest). A value that is met exactly is answered as it was
  /// written, and between two 64-bit integers the interpolation is exact before it is rounded.
  static func value(at fraction: Double, of values: NumberList, ascending order: [Int]) -> JSONNumber? {
    guard let last = order.indices.last else { return nil }
    let position = Double(last) * fraction
    let lower = min(Int(position), last)
    let upper = min(lower + 1, last)
    let share = position - Double(lower)
    let (a, b) = (values.numbers[order[lower]], values.numbers[order[upper]])
    if share <= 0 || a == b { return a }
    if let a = a.integer, let b = b.integer { return between(a, b, share) }
    return JSONNumber(between(values.doubles[order[lower]], values.doubles[order[upper]], share))
  }

  /// In units of 2^-53: the difference of two integers has 65 bits, so that the product fits 128.
  private static func between(_ a: Int64, _ b: Int64, _ share: Double) -> JSONNumber? {
    let unit: Int128 = 1 << 53
    let value = Int128(a) * unit + (Int128(b) - Int128(a)) * Int128(share * 0x1p53)
    let (whole, rest) = value.quotientAndRemainder(dividingBy: unit)
    return rest == 0 ? Int64(exactly: whole).map { JSONNumber($0) } : JSONNumber(Double(value) * 0x1p-53)
  }

  private static func between(_ a: Double, _ b: Double, _ share: Double) -> Double {
    // Each form is exact where it is used: the first keeps equal neighbours equal, the second does not overflow.
    let difference = b - a
    return difference.isFinite ? min(a + share * difference, b) : a * (1 - share) + b * share
  }
}
