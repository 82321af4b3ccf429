/// Finds the rows that the database refuses, by halving what was refused until single rows are left. Pure.
///
/// One bad row among n costs about 2·log₂ n statements; the good rows on either side are written in as few as possible.
struct Bisection {
  private var pending: [Range<Int>]
  /// Rows that were refused alone.
  private(set) var refused: [Int] = []

  init(count: Int) { pending = count > 0 ? [0..<count] : [] }

  /// The rows to try next; `nil` when everything is decided. Must be followed by one `accepted` or `refuse`.
  func next() -> Range<Int>? { pending.last }

  mutating func accepted() { pending.removeLast() }

  /// - Returns: the row to blame, when there was only one.
  mutating func refuse() -> Int? {
    let range = pending.removeLast()
    guard range.count > 1 else {
      refused.append(range.lowerBound)
      return range.lowerBound
    }
    let middle = range.lowerBound + range.count / 2
    // The first half is tried first, so that rows are written in the order of the log.
    pending.append(middle..<range.upperBound)
    pending.append(range.lowerBound..<middle)
    return nil
  }
}
