/// Sums of doubles whose rounding errors do not add up (Neumaier's variant of Kahan's method, ZAMM 54, 1974): what each addition
/// rounds away is summed on its own and added at the end.
enum CompensatedSum {
  /// Far below 1 / the number of values that memory can hold; a power of two, so that scaling by it rounds nothing but numbers
  /// which are too small to matter beside those that made scaling necessary.
  private static let downscale = 0x1p-64

  /// The sum divided by `divisor`; infinite only when the result is beyond the range of a double, even where the sum on the way
  /// to it is.
  static func of(_ values: [Double], dividedBy divisor: Double) -> Double {
    let direct = sum(values, scaledBy: 1)
    if direct.isFinite { return direct / divisor }
    return sum(values, scaledBy: downscale) / divisor / downscale
  }

  private static func sum(_ values: [Double], scaledBy scale: Double) -> Double {
    var sum = 0.0
    var lost = 0.0
    for value in values {
      let value = value * scale
      let next = sum + value
      // The smaller of the two is the one that lost digits.
      lost += abs(sum) >= abs(value) ? (sum - next) + value : (value - next) + sum
      sum = next
    }
    return sum + lost
  }
}
