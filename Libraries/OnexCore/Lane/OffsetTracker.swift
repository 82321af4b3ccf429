/// Which records of a partition are done, and up to where all of them are.
///
/// Records of different keys finish out of order; the offset that may be stored is the end of the contiguous finished
/// prefix. Offsets can have gaps (compaction, transaction markers), so the tracker follows what was delivered, not numbers.
public struct OffsetTracker: Sendable {
  /// Delivered and not yet below the watermark, in offset order; `head` is the first that is not finished.
  private var delivered: [(offset: Int64, isDone: Bool)] = []
  private var head = 0

  /// The next offset to store: everything before it is done. `nil` until something is.
  public private(set) var watermark: Int64?

  /// Records delivered and not done.
  public private(set) var open = 0

  public init() {}

  /// Records delivered and not yet below the watermark: not done, or done behind one that is not. What the tracker holds in memory.
  public var pending: Int { delivered.count - head }

  /// The first record that is not done.
  public var firstPending: Int64? { head < delivered.count ? delivered[head].offset : nil }

  /// The last record that was delivered; `nil` before the first.
  public var lastDelivered: Int64? { delivered.last?.offset ?? watermark.map { $0 &- 1 } }

  /// - Returns: false when the offset does not lie behind all that were delivered before; nothing is changed then.
  @discardableResult
  public mutating func deliver(_ offset: Int64) -> Bool {
    if let last = lastDelivered, last >= offset { return false }
    delivered.append((offset, false))
    open += 1
    return true
  }

  /// Notes a record as done. One that is unknown or done already changes nothing.
  ///
  /// - Returns: the new watermark when it has moved.
  @discardableResult
  public mutating func complete(_ offset: Int64) -> Int64? {
    guard let index = index(of: offset), !delivered[index].isDone else { return nil }
    delivered[index].isDone = true
    open -= 1
    guard index == head else { return nil }
    while head < delivered.count, delivered[head].isDone {
      watermark = delivered[head].offset &+ 1
      head += 1
    }
    // Removing from the front moves the rest, so it is done once for many.
    if head == delivered.count || head >= 1024 {
      delivered.removeFirst(head)
      head = 0
    }
    return watermark
  }

  private func index(of offset: Int64) -> Int? {
    // Mostly in order: the first unfinished record is the likely one.
    if head < delivered.count, delivered[head].offset == offset { return head }
    var low = head
    var high = delivered.count
    while low < high {
      let middle = (low + high) / 2
      if delivered[middle].offset < offset { low = middle + 1 } else { high = middle }
    }
    return low < delivered.count && delivered[low].offset == offset ? low : nil
  }
}
