import OnexCore

/// Which partitions a member holds, which of their records it may hand out now, and how far it has come. Pure; the thread that talks to
/// librdkafka and the tasks that use the consumer share it under a lock.
struct PartitionTable {
  private struct Entry {
    var isPaused = false
    var isRevoking = false
    /// Pending seek. Records that librdkafka delivers before it has applied the seek are stale.
    var rewind: Int64?
    /// Where reading began: the first offset handed out, or what the group had committed before.
    var begun: Int64?
    var stored: Int64?
    /// The offset that is expected next: behind the last record handed out, or the group's committed offset before the first.
    var next: Int64?
    /// Times that the broker was asked where the group stands, without an answer so far.
    var positionAttempts = 0
    var isPositioned = false
    /// Offsets that were passed over between two records: deleted, or transaction markers and compacted records. The largest since
    /// the log's start was last asked for.
    var gap: Range<Int64>?
    /// Where reading goes on at the end of the log. Behind the last record when offsets at the end belong to no record.
    var readTo: Int64?
    /// The end of the log, as last asked for.
    var end: Int64?
  }

  /// Records of one partition that follow each other, by their offsets.
  struct Run: Equatable {
    let partition: TopicPartition
    var first: Int64
    var last: Int64
    /// The largest gap between two of them.
    var gap: Range<Int64>?

    mutating func extend(to offset: Int64) {
      // Offsets follow each other but for rare gaps.
      if offset > last, offset &- last > 1 { gap = Run.longer(gap, last + 1..<offset) }
      last = offset
    }

    static func longer(_ left: Range<Int64>?, _ right: Range<Int64>?) -> Range<Int64>? {
      guard let left else { return right }
      guard let right else { return left }
      // Bounds come from the broker: their difference may not fit.
      return right.upperBound &- right.lowerBound > left.upperBound &- left.lowerBound ? right : left
    }
  }

  /// Questions about a position that may go without an answer; afterwards the first record says where reading began.
  private static let positionAttemptsMax = 3

  private var entries: [TopicPartition: Entry] = [:]
  /// The group's present wish; librdkafka wants the answer for all of it at once.
  private var wanted: [TopicPartition] = []
  private var givenUp: Set<TopicPartition> = []

  var assigned: [TopicPartition] { Array(entries.keys) }

  /// Members of the present wish that are still held.
  var revoking: [TopicPartition] { wanted }

  var paused: [TopicPartition] { entries.filter { $0.value.isPaused }.map(\.key) }

  func end(_ partition: TopicPartition) -> Int64? { entries[partition]?.end }

  /// Everything before it is settled, as far as it is known. Offsets at the end of the log that belong to no record need no settling.
  func settled(_ partition: TopicPartition) -> Int64? {
    guard let entry = entries[partition] else { return nil }
    return trailing(entry) ?? entry.stored ?? entry.begun
  }

  /// Where the log ends, when all records before it are settled and offsets without records follow them.
  private func trailing(_ entry: Entry) -> Int64? {
    guard let readTo = entry.readTo, let settled = entry.stored ?? entry.begun, readTo > settled else { return nil }
    return settled >= entry.next ?? settled ? readTo : nil
  }

  /// Offsets without records behind what is settled, to be stored as well, so that the group's lag can reach 0 for everybody.
  mutating func takeTrailing() -> [TopicPartition: Int64] {
    let found = entries.compactMapValues { $0.isRevoking ? nil : trailing($0) }
    for (partition, offset) in found {
      entries[partition]?.stored = offset
      entries[partition]?.next = offset
    }
    return found
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

  /// Seeks that librdkafka does not know yet and can carry out: it forgets those of a paused partition.
  var dueSeeks: [TopicPartition: Int64] {
    entries.compactMapValues { $0.isPaused || $0.isRevoking ? nil : $0.rewind }
  }

  /// librdkafka reads on at `offset` now.
  mutating func sought(_ partition: TopicPartition, to offset: Int64) {
    guard entries[partition]?.rewind == offset else { return }
    entries[partition]?.rewind = nil
    entries[partition]?.next = offset
    entries[partition]?.isPositioned = true
    entries[partition]?.readTo = nil
  }

  /// Whether nothing stands against handing out what was read of these.
  func admitsAll(_ runs: [Run]) -> Bool {
    runs.allSatisfy { run in
      entries[run.partition].map { !$0.isPaused && !$0.isRevoking && $0.rewind == nil } ?? false
    }
  }

  /// Whether a record may be handed out. One of a paused partition is read again after the resume.
  mutating func admits(_ partition: TopicPartition, _ offset: Int64) -> Bool {
    guard let entry = entries[partition], !entry.isRevoking, entry.rewind == nil else { return false }
    if entry.isPaused { entries[partition]?.rewind = offset }
    return !entry.isPaused
  }
}

// MARK: - Progress

extension PartitionTable {
  /// Partitions whose position in the log is not known: nothing was handed out, and the broker has not been asked or has not answered.
  var unpositioned: [TopicPartition] {
    entries.filter {
      !$0.value.isPositioned && $0.value.next == nil && $0.value.positionAttempts < PartitionTable.positionAttemptsMax
    }
    .map(\.key)
  }

  /// The broker was asked for these positions. Those without an answer are asked for again, a few times.
  mutating func askedForPositions(of partitions: [TopicPartition]) {
    for partition in partitions { entries[partition]?.positionAttempts += 1 }
  }

  /// Notes where the group stands in a log that begins at `log.lowerBound` and ends at `log.upperBound`.
  ///
  /// - Parameters:
  ///   - committed: the group's offset; `nil` when it has none.
  ///   - start: where librdkafka goes on when there is no offset, or none that the log holds.
  /// - Returns: what the group has missed.
  mutating func position(
    _ partition: TopicPartition, committed: Int64?, log: Range<Int64>, start: Subscription.Start
  ) -> ConsumerEvent? {
    guard let entry = entries[partition], !entry.isPositioned else { return nil }
    entries[partition]?.isPositioned = true
    let reset = start == .earliest ? log.lowerBound : log.upperBound
    // The end moves on: where a group that starts at the end begins is known from its first record.
    let expectedAfterReset = start == .earliest ? reset : nil
    guard let committed else {
      entries[partition]?.next = entry.next ?? expectedAfterReset
      entries[partition]?.begun = entry.begun ?? expectedAfterReset
      return nil
    }
    let isSkipped = committed < log.lowerBound
    let isBack = committed > log.upperBound
    entries[partition]?.next = entry.next ?? (isSkipped || isBack ? expectedAfterReset : committed)
    entries[partition]?.begun = isBack ? reset : max(committed, log.lowerBound)
    if isSkipped { return .skipped(partition, from: committed, to: reset) }
    return isBack ? .wentBack(partition, from: committed, to: reset) : nil
  }

  /// Of the partitions of a group that has no offset: where they begin, to be stored at once. Deletions before the first record is
  /// settled would go unseen otherwise.
  func pinned(_ partitions: [TopicPartition]) -> [TopicPartition: Int64] {
    var pins: [TopicPartition: Int64] = [:]
    for partition in partitions {
      guard let entry = entries[partition], entry.stored == nil, !entry.isRevoking else { continue }
      pins[partition] = entry.begun
    }
    return pins
  }

  /// Records were handed out.
  ///
  /// - Returns: a log that begins again before where it was.
  mutating func handedOut(_ runs: [Run]) -> [ConsumerEvent] {
    var events: [ConsumerEvent] = []
    for run in runs {
      guard let index = entries.index(forKey: run.partition) else { continue }
      let entry = entries.values[index]
      var gap = run.gap
      if let next = entry.next {
        if run.first < next { events.append(.wentBack(run.partition, from: next, to: run.first)) }
        if run.first > next { gap = Run.longer(gap, next..<run.first) }
      }
      if let gap { entries.values[index].gap = Run.longer(entry.gap, gap) }
      if entry.begun == nil { entries.values[index].begun = run.first }
      entries.values[index].next = run.last &+ 1
    }
    return events
  }

  /// The broker has no more records of the partition; reading goes on at `offset`.
  mutating func reachedEnd(_ partition: TopicPartition, at offset: Int64) {
    guard entries[partition]?.rewind == nil else { return }
    entries[partition]?.readTo = offset
  }

  /// Partitions in which offsets were passed over since the log's start was last asked for.
  var gapped: [TopicPartition] { entries.filter { $0.value.gap != nil }.map(\.key) }

  /// The log of a partition begins at `start` now.
  ///
  /// - Returns: the records that were passed over, when they are gone; offsets that are still there belonged to no record.
  mutating func begins(_ partition: TopicPartition, at start: Int64) -> ConsumerEvent? {
    guard let entry = entries[partition] else { return nil }
    entries[partition]?.gap = nil
    guard let gap = entry.gap, start > gap.lowerBound else { return nil }
    return .skipped(partition, from: gap.lowerBound, to: min(gap.upperBound, start))
  }

  /// The log of a partition that is not read at the moment begins and ends here now.
  ///
  /// - Returns: the records that went while it was paused.
  mutating func measured(_ partition: TopicPartition, _ log: Range<Int64>) -> ConsumerEvent? {
    guard let entry = entries[partition] else { return nil }
    entries[partition]?.end = log.upperBound
    guard let next = entry.rewind ?? entry.next, next < log.lowerBound else { return nil }
    if entry.rewind != nil { entries[partition]?.rewind = log.lowerBound }
    entries[partition]?.next = log.lowerBound
    return .skipped(partition, from: next, to: log.lowerBound)
  }
}
