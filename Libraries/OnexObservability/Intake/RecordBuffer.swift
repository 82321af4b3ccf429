import OnexCore

/// What was taken from the log and is not yet in the database: says when to write what, which offsets may be stored, and when
/// the flow must stop. Pure: time is given, the caller does the I/O.
struct RecordBuffer {
  private struct Partition {
    var offsets = OffsetTracker()
    var times = PendingTimes()
    var lastOffset: Int64 = -1
    /// The group wants it back: nothing new is taken.
    var isRevoking = false
    var isPaused = false
  }

  let limits: BatchLimits
  private var partitions: [TopicPartition: Partition] = [:]
  private var topics: [String: TopicQueue]

  /// - Parameter topics: with the number of batches of each that may be written at once.
  init(_ limits: BatchLimits, topics: [String: Int]) {
    self.limits = limits
    self.topics = topics.mapValues { TopicQueue(batchesMax: $0) }
  }

  /// Taken and not settled.
  var pending: Int { topics.values.reduce(0) { $0 + $1.pending } }

  /// Of these nothing can be written now.
  var isStuck: Bool { topics.values.allSatisfy { $0.pending == 0 || $0.isFailing } }

  /// A topic has reached its bounds although it can be written: soon there is room.
  var isBusy: Bool { topics.values.contains { $0.isFull(limits) && !$0.isFailing } }

  var assigned: Set<TopicPartition> { Set(partitions.keys) }

  /// When the oldest record that is not settled was written to its partition.
  var oldestPending: [TopicPartition: Timestamp] { partitions.compactMapValues { $0.times.oldest } }

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
    for topic in Set(removed.map(\.topic)) { topics[topic]?.keep { partitions[$0.source] != nil } }
  }

  /// The partition's offsets begin again, below those that were read. What waits of it is still written; its offsets mean nothing now.
  mutating func restart(_ partition: TopicPartition) {
    guard let old = partitions[partition] else { return }
    var new = Partition()
    new.isRevoking = old.isRevoking
    new.isPaused = old.isPaused
    partitions[partition] = new
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
        record.offset > partitions.values[index].lastOffset, let topic = topics.index(forKey: record.source.topic)
      else { continue }
      partitions.values[index].lastOffset = record.offset
      partitions.values[index].offsets.deliver(record.offset)
      partitions.values[index].times.delivered(record)
      topics.values[topic].append(record, at: now)
    }
  }

  /// What to write now, of the topic that has waited longest; `nil` when it is better to wait.
  mutating func nextBatch(at now: Duration) -> RecordBatch? {
    var chosen: (index: Dictionary<String, TopicQueue>.Index, trigger: RecordBatch.Trigger, oldest: Duration)?
    for index in topics.indices {
      let queue = topics.values[index]
      guard let oldest = queue.oldest, let trigger = queue.trigger(at: now, limits) else { continue }
      if let first = chosen, first.oldest <= oldest { continue }
      chosen = (index, trigger, oldest)
    }
    guard let chosen else { return nil }
    return topics.values[chosen.index].nextBatch(chosen.trigger, at: now, limits)
  }

  /// The batch is in the database, its bad rows in the dead-letter topic.
  ///
  /// - Returns: the offsets to store. Partitions that are not ours any more have none.
  mutating func settle(_ batch: RecordBatch) -> [TopicPartition: Int64] {
    topics[batch.topic]?.settled(batch)
    var next: [TopicPartition: Int64] = [:]
    for record in batch.records {
      guard let index = partitions.index(forKey: record.source),
        let offset = partitions.values[index].offsets.complete(record.offset)
      else { continue }
      next[record.source] = offset
    }
    for partition in next.keys {
      guard let index = partitions.index(forKey: partition) else { continue }
      partitions.values[index].times.settled(before: partitions.values[index].offsets.firstPending)
    }
    return next
  }

  /// The batch could not be written and is tried again from `time` on, before anything else of its topic.
  mutating func putBack(_ batch: RecordBatch, until time: Duration) {
    topics[batch.topic]?.putBack(batch, until: time) { partitions[$0.source] != nil }
  }

  // MARK: Flow

  struct FlowChange: Equatable {
    var pause: [TopicPartition] = []
    var resume: [TopicPartition] = []
  }

  /// Which partitions to pause or resume now. Flow stops at the topic's bounds, and at once while `isStopped` (the database is away, or
  /// the service drains); it goes on when half of the room is free, so that it does not flutter.
  mutating func adjustFlow(isStopped: Bool) -> FlowChange {
    let full = topics.filter { $0.value.isFull(limits) }
    let roomy = topics.filter {
      $0.value.pending <= limits.pendingMax / 2 && $0.value.pendingBytes <= limits.pendingBytesMax / 2
    }
    var change = FlowChange()
    for (name, partition) in partitions where !partition.isRevoking {
      if !partition.isPaused, isStopped || full[name.topic] != nil {
        change.pause.append(name)
      } else if partition.isPaused, !isStopped, roomy[name.topic] != nil {
        change.resume.append(name)
      }
    }
    for name in change.pause { partitions[name]?.isPaused = true }
    for name in change.resume { partitions[name]?.isPaused = false }
    return change
  }
}
