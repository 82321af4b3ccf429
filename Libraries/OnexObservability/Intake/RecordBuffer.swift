import OnexCore

/// What was taken from the log and is not yet in the database: says when to write what, which offsets may be stored, and when
/// the flow must stop. Pure: time is given, the caller does the I/O.
struct RecordBuffer {
  private struct Partition {
    var offsets = OffsetTracker()
    var lastOffset: Int64 = -1
    /// The group wants it back: nothing new is taken.
    var isRevoking = false
    var isPaused = false
  }

  private struct Waiting {
    let record: ConsumedRecord
    let since: Duration
  }

  let limits: BatchLimits
  private var partitions: [TopicPartition: Partition] = [:]
  private var waiting: [Waiting] = []
  /// `waiting` before this is taken; removed in one go now and then.
  private var head = 0
  private var waitingBytes = 0
  /// Records in a batch that is being written.
  private(set) var writing = 0
  private var writingBytes = 0

  init(_ limits: BatchLimits) { self.limits = limits }

  /// Taken and not settled.
  var pending: Int { waiting.count - head + writing }

  var assigned: Set<TopicPartition> { Set(partitions.keys) }

  // MARK: Partitions

  mutating func assign(_ added: [TopicPartition]) {
    for partition in added { partitions[partition] = Partition() }
  }

  mutating func revoke(_ revoked: [TopicPartition]) {
    for partition in revoked { partitions[partition]?.isRevoking = true }
  }

  /// Forgets partitions. What waits of theirs is dropped: it stays in the log for the next owner.
  mutating func remove(_ removed: [TopicPartition]) {
    for partition in removed { partitions[partition] = nil }
    let kept = waiting[head...].filter { partitions[$0.record.source] != nil }
    waiting = Array(kept)
    head = 0
    waitingBytes = waiting.reduce(0) { $0 + $1.record.size }
  }

  /// Everything taken from these is in the database or dead-lettered.
  func isDrained(_ asked: [TopicPartition]) -> Bool {
    asked.allSatisfy { (partitions[$0]?.offsets.pending ?? 0) == 0 }
  }

  // MARK: Records

  mutating func take(_ records: [ConsumedRecord], at now: Duration) {
    for record in records {
      // Changed in place: a copy of the tracker a record would cost more than the rest.
      guard let index = partitions.index(forKey: record.source), !partitions.values[index].isRevoking,
        record.offset > partitions.values[index].lastOffset
      else { continue }
      partitions.values[index].lastOffset = record.offset
      partitions.values[index].offsets.deliver(record.offset)
      waiting.append(Waiting(record: record, since: now))
      waitingBytes += record.size
    }
  }

  /// What to write now; `nil` when it is better to wait. A writer without work takes whatever there is: `waitMax` is the
  /// longest a row may wait, not the shortest.
  mutating func nextBatch(at now: Duration, isWriterIdle: Bool) -> RecordBatch? {
    guard let trigger = trigger(at: now, isWriterIdle: isWriterIdle) else { return nil }
    let topic = waiting[head].record.source.topic
    var records: [ConsumedRecord] = []
    records.reserveCapacity(min(waiting.count - head, limits.rowsMax))
    var bytes = 0
    while head < waiting.count, records.count < limits.rowsMax {
      let record = waiting[head].record
      guard record.source.topic == topic, records.isEmpty || bytes + record.size <= limits.bytesMax else { break }
      records.append(record)
      bytes += record.size
      head += 1
    }
    if head == waiting.count || head >= limits.pendingMax {
      waiting.removeFirst(head)
      head = 0
    }
    waitingBytes -= bytes
    writing += records.count
    writingBytes += bytes
    return RecordBatch(records: records, trigger: trigger)
  }

  private func trigger(at now: Duration, isWriterIdle: Bool) -> RecordBatch.Trigger? {
    guard head < waiting.count else { return nil }
    if waiting.count - head >= limits.rowsMax { return .rows }
    if waitingBytes >= limits.bytesMax { return .bytes }
    if now - waiting[head].since >= limits.waitMax { return .wait }
    return isWriterIdle ? .idle : nil
  }

  /// The batch is in the database, its bad rows in the dead-letter topic.
  ///
  /// - Returns: the offsets to store. Partitions that are not ours any more have none.
  mutating func settle(_ batch: RecordBatch) -> [TopicPartition: Int64] {
    endWriting(batch)
    var next: [TopicPartition: Int64] = [:]
    for record in batch.records {
      guard let offset = partitions[record.source]?.offsets.complete(record.offset) else { continue }
      next[record.source] = offset
    }
    return next
  }

  /// The batch was given up; nothing of it counts, and it is read again after the next start.
  mutating func abandon(_ batch: RecordBatch) { endWriting(batch) }

  private mutating func endWriting(_ batch: RecordBatch) {
    writing -= batch.records.count
    writingBytes -= batch.records.reduce(0) { $0 + $1.size }
  }

  // MARK: Flow

  struct FlowChange: Equatable {
    var pause: [TopicPartition] = []
    var resume: [TopicPartition] = []
  }

  /// Which partitions to pause or resume now. Flow stops at the bounds, and at once while `isStopped` (the database is away, or
  /// the service drains); it goes on when half of the room is free, so that it does not flutter.
  mutating func adjustFlow(isStopped: Bool) -> FlowChange {
    let bytes = waitingBytes + writingBytes
    let isFull = pending >= limits.pendingMax || bytes >= limits.pendingBytesMax
    let hasRoom = pending <= limits.pendingMax / 2 && bytes <= limits.pendingBytesMax / 2
    var change = FlowChange()
    for (name, partition) in partitions where !partition.isRevoking {
      if !partition.isPaused, isFull || isStopped {
        change.pause.append(name)
      } else if partition.isPaused, hasRoom, !isStopped {
        change.resume.append(name)
      }
    }
    for name in change.pause { partitions[name]?.isPaused = true }
    for name in change.resume { partitions[name]?.isPaused = false }
    return change
  }
}
