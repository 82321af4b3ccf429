/// Bounds of what waits to be written and of one write.
public struct BatchLimits: Sendable, Equatable {
  /// Rows of one insert.
  public let rowsMax: Int
  /// The longest that a row may wait although the writer has time for it.
  public let waitMax: Duration
  /// Size of the records of one insert.
  public let bytesMax: Int
  /// Records taken and not settled; above it the partitions are paused.
  public let pendingMax: Int
  /// Their keys and values together.
  public let pendingBytesMax: Int

  /// Four batches may wait: one is being written, and the next ones are there when it is done.
  public static let pendingBatches = 4

  public init(rowsMax: Int, waitMax: Duration, bytesMax: Int = 4 << 20, pendingBytesMax: Int = 16 << 20) {
    precondition(rowsMax > 0 && bytesMax > 0 && pendingBytesMax > 0, "a batch has room for a row")
    self.rowsMax = rowsMax
    self.waitMax = waitMax
    self.bytesMax = bytesMax
    self.pendingMax = rowsMax * BatchLimits.pendingBatches
    self.pendingBytesMax = pendingBytesMax
  }
}
