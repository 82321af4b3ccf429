import OnexCore

/// Which partitions a member holds, and which of their records it may hand out now. Pure; the thread that talks to librdkafka
/// and the tasks that use the consumer share it under a lock.
struct PartitionTable {
  private struct Entry {
    var isPaused = false
    var isRevoking = false
    /// Where reading continues, once it may. Until librdkafka has been told, what it delivers is from elsewhere.
    var rewind: Int64?
    /// Where reading began: the first offset handed out, or what the group had committed before.
    var begun: Int64?
    var stored: Int64?
    /// The end of the log, as last asked for.
    var end: Int64?
  }

  private var entries: [TopicPartition: Entry] = [:]
  /// The group's present wish; librdkafka wants the answer for all of it at once.
  private var wanted: [TopicPartition] = []
  private var givenUp: Set<TopicPartition> = []

  var assigned: [TopicPartition] { Array(entries.keys) }

  /// Members of the present wish that are still held.
  var revoking: [TopicPartition] { wanted }

  var paused: [TopicPartition] { entries.filter { $0.value.isPaused }.map(\.key) }

  func end(_ partition: TopicPartition) -> Int64? { entries[partition]?.end }

  mutating func setEnd(_ partition: TopicPartition, _ end: Int64) { entries[partition]?.end = end }

  /// The first offset that is not settled, as far as it is known.
  func settled(_ partition: TopicPartition) -> Int64? { entries[partition].flatMap { $0.stored ?? $0.begun } }

  /// Of these, those of which nobody knows yet where reading began.
  func unbegun(_ partitions: [TopicPartition]) -> [TopicPartition] {
    partitions.filter { entries[$0].map { $0.begun == nil && $0.stored == nil } ?? false }
  }

  mutating func begin(_ partition: TopicPartition, at offset: Int64) {
    if entries[partition]?.begun == nil { entries[partition]?.begun = offset }
  }

  mutating func assign(_ partitions: [TopicPartition]) {
    for partition in partitions { entries[partition] = Entry() }
  }

  mutating func revoke(_ partitions: [TopicPartition]) {
    wanted = partitions
    givenUp = []
    for partition in partitions { entries[partition]?.isRevoking = true }
  }

  mutating func remove(_ partitions: [TopicPartition]) {
    for partition in partitions { entries[partition] = nil }
    wanted.removeAll(where: partitions.contains)
  }

  /// The pipeline has finished with some of the wanted partitions.
  ///
  /// - Returns: all of the wish, when these were the last of it; empty until then.
  mutating func complete(_ partitions: [TopicPartition]) -> [TopicPartition] {
    for partition in partitions where entries[partition]?.isRevoking == true {
      entries[partition] = nil
      givenUp.insert(partition)
    }
    guard !wanted.isEmpty, givenUp.isSuperset(of: wanted) else { return [] }
    defer { wanted = [] }
    return wanted
  }

  /// - Returns: a partition that is not held, in which case nothing is stored of it; the others are.
  mutating func store(_ next: [TopicPartition: Int64]) -> (ours: [TopicPartition: Int64], foreign: TopicPartition?) {
    let ours = next.filter { entries[$0.key] != nil }
    for (partition, offset) in ours { entries[partition]?.stored = offset }
    return (ours, ours.count == next.count ? nil : next.keys.first { entries[$0] == nil })
  }

  mutating func pause(_ partitions: [TopicPartition]) -> [TopicPartition] {
    held(partitions) { $0.isPaused = true }
  }

  mutating func resume(_ partitions: [TopicPartition]) -> [TopicPartition] {
    held(partitions) { $0.isPaused = false }
  }

  private mutating func held(_ partitions: [TopicPartition], _ change: (inout Entry) -> Void) -> [TopicPartition] {
    partitions.filter { partition in
      guard var entry = entries[partition] else { return false }
      change(&entry)
      entries[partition] = entry
      return true
    }
  }

  /// - Returns: false when the partition is not held.
  mutating func seek(_ partition: TopicPartition, to offset: Int64) -> Bool {
    guard entries[partition] != nil else { return false }
    entries[partition]?.rewind = offset
    return true
  }

  /// Seeks that librdkafka has not been told of and can be: it forgets those of a paused partition.
  var dueSeeks: [TopicPartition: Int64] {
    entries.compactMapValues { $0.isPaused || $0.isRevoking ? nil : $0.rewind }
  }

  /// librdkafka reads on at `offset` now.
  mutating func sought(_ partition: TopicPartition, to offset: Int64) {
    if entries[partition]?.rewind == offset { entries[partition]?.rewind = nil }
  }

  /// Whether nothing stands against handing out what was read of these.
  func admitsAll(_ partitions: [TopicPartition]) -> Bool {
    partitions.allSatisfy { partition in
      entries[partition].map { !$0.isPaused && !$0.isRevoking && $0.rewind == nil } ?? false
    }
  }

  /// Whether a record may be handed out. One of a paused partition is read again after the resume.
  mutating func admits(_ partition: TopicPartition, _ offset: Int64) -> Bool {
    guard let entry = entries[partition], !entry.isRevoking, entry.rewind == nil else { return false }
    if entry.isPaused { entries[partition]?.rewind = offset }
    return !entry.isPaused
  }
}
