/// Reads topics without a group: to follow a topic, or to wait for an answer. Nothing is stored.
public protocol EventReader: AnyObject, Sendable {
  /// As `EventConsumer.poll`; gives records, faults and recoveries only.
  func poll(_ limit: PollLimit) async -> [ConsumerEvent]

  /// Offsets that lie between what was handed out and the end of the log as it was when the reader was made; 0 says that everything
  /// that was there then has been seen. Counts offsets, not records: there are fewer records where some were deleted.
  func remaining() -> Int64

  /// Idempotent.
  func close() async
}

/// Where a reader begins, in every partition.
public enum ReaderStart: Sendable, Hashable {
  case beginning
  /// Behind what is there when the reader is made: everything written afterwards is seen.
  case end
  /// The last so many records of each partition.
  case last(Int)
}
