/// Bounds of what waits to be written and of one write. All of them are a topic's: one that cannot be written holds up no other.
public struct BatchLimits: Sendable, Equatable {
  /// Rows that make a batch due while another one of the topic is under way. A topic of which nothing is under way waits for nothing.
  public let rowsDue: Int
  /// Rows of one write: it takes whatever has gathered up to here, so that batches grow with what there is to catch up.
  public let rowsMax: Int
  /// The longest that a row may wait although a writer has time for it.
  public let waitMax: Duration
  /// Size of the records of one write.
  public let bytesMax: Int
  /// Records taken and not settled; above it the topic's partitions are paused.
  public let pendingMax: Int
  /// Their keys and values together.
  public let pendingBytesMax: Int

  /// A write of so many rows takes a few tenths of a second, which a revocation or the end of the service may have to wait for.
  public static let rowsMaxDefault = 10_000
  /// Batches that may wait: while some are being written, the next one is there when they are done.
  public static let pendingBatches = 3

  public init(
    rowsDue: Int, waitMax: Duration, rowsMax: Int = BatchLimits.rowsMaxDefault, bytesMax: Int = 2 << 20
  ) {
    precondition(rowsDue > 0 && rowsMax > 0 && bytesMax > 0, "a batch has room for a row")
    self.rowsDue = rowsDue
    self.rowsMax = max(rowsDue, rowsMax)
    self.waitMax = waitMax
    self.bytesMax = bytesMax
    pendingMax = self.rowsMax * BatchLimits.pendingBatches
    pendingBytesMax = bytesMax * BatchLimits.pendingBatches
  }
}
