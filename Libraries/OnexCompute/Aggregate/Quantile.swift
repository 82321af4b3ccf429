/// Quantiles by linear interpolation between the two nearest values: type 7 of Hyndman and Fan (The American Statistician 50,
/// 1996), which spreadsheets, R and NumPy use unless told otherwise.
enum Quantile {
  /// `nil` for no values. `values` are in ascending order; `fraction` is from 0 (the least) to 1 (the greatest).
  static func value(at fraction: Double, ofSorted values: [Double]) -> Double? {
    guard let last = values.indices.last else { return nil }
    let position = Double(last) * fraction
    let lower = min(Int(position), last)
    let upper = min(lower + 1, last)
    let (a, b, share) = (values[lower], values[upper], position - Double(lower))
    // Each form is exact where it is used: the first keeps equal neighbours equal, the second does not overflow.
    let difference = b - a
    return difference.isFinite ? min(a + share * difference, b) : a * (1 - share) + b * share
  }
}
