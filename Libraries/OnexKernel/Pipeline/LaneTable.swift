import OnexCore
import Synchronization

/// The lanes of this member, shared between the task that takes records and the one that settles them. Locked once a batch,
/// never once a record.
final class LaneTable: Sendable {
  private struct Entry {
    let epoch: UInt64
    var lane: Lane<HandlerWork>
    /// The store's epoch, once it is claimed there.
    var claim: LaneEpoch?
  }

  private struct State {
    var entries: [TopicPartition: Entry] = [:]
    var lastEpoch: UInt64 = 0
    /// Records taken and not settled, and their bytes, over all lanes: always the sum of what the lanes say.
    var unsettled = 0
    var bytes = 0
    /// All lanes rest until half of what may be unsettled is free.
    var isFull = false

    /// Changes the lane in place, unless it is gone.
    mutating func update(_ lane: LaneReference, _ body: (inout Entry) -> Void) {
      guard let index = entries.index(forKey: lane.partition), entries[index].value.epoch == lane.epoch else { return }
      change(index, body)
    }

    mutating func change<R>(_ index: Dictionary<TopicPartition, Entry>.Index, _ body: (inout Entry) -> R) -> R {
      let (records, size) = (entries.values[index].lane.unsettled, entries.values[index].lane.bytes)
      let result = body(&entries.values[index])
      unsettled += entries.values[index].lane.unsettled - records
      bytes += entries.values[index].lane.bytes - size
      return result
    }

    mutating func remove(_ partition: TopicPartition) -> Entry? {
      guard let entry = entries.removeValue(forKey: partition) else { return nil }
      unsettled -= entry.lane.unsettled
      bytes -= entry.lane.bytes
      return entry
    }
  }

  /// What the outside world must be told after a settlement.
  struct Progress: Sendable {
    var offsets: [TopicPartition: Int64] = [:]
    var pause: [TopicPartition] = []
    var resume: [TopicPartition] = []
    var start: [HandlerStart] = []
  }

  private let state = Mutex(State())
  private let limits: LaneLimits
  /// Bounds over all lanes.
  private let recordsMax: Int
  private let bytesMax: Int
  let changes = ChangeSignal()

  init(_ limits: LaneLimits, recordsMax: Int = .max, bytesMax: Int = .max) {
    self.limits = limits
    self.recordsMax = recordsMax
    self.bytesMax = bytesMax
  }

  /// Records taken and not settled, over all lanes.
  var unsettled: Int { state.withLock { $0.unsettled } }

  /// Their bytes.
  var unsettledBytes: Int { state.withLock { $0.bytes } }

  /// - Parameter more: bytes held beside the records, which count against the same bound.
  func hasRoom(beside more: Int) -> Bool {
    state.withLock { $0.unsettled < recordsMax && $0.bytes + more < bytesMax }
  }

  /// Pauses every lane, since there is no room; they resume by themselves.
  func fill() -> Progress {
    state.withLock { state in
      var progress = Progress()
      guard !state.isFull else { return progress }
      state.isFull = true
      LaneTable.adjustFlows(&state, into: &progress)
      return progress
    }
  }

  /// Lets lanes go on when half of what may be unsettled is free.
  func drainIfPossible(beside more: Int) -> Progress {
    state.withLock { state in
      var progress = Progress()
      guard state.isFull, state.unsettled <= recordsMax / 2, state.bytes + more <= bytesMax / 2 else { return progress }
      state.isFull = false
      LaneTable.adjustFlows(&state, into: &progress)
      return progress
    }
  }

  private static func adjustFlows(_ state: inout State, into progress: inout Progress) {
    for index in state.entries.indices {
      let partition = state.entries[index].key
      guard partition != TimerLane.partition else { continue }
      adjust(&state.entries.values[index].lane, partition, state.isFull, into: &progress)
    }
  }

  /// Whether everything that the lanes hold together is what they say one by one. For tests.
  var isConsistent: Bool {
    state.withLock { state in
      state.unsettled == state.entries.values.reduce(0) { $0 + $1.lane.unsettled }
        && state.bytes == state.entries.values.reduce(0) { $0 + $1.lane.bytes }
    }
  }

  var assigned: Int { state.withLock { $0.entries.count } }

  @discardableResult
  func assign(_ partitions: [TopicPartition]) -> [LaneReference] {
    state.withLock { state in
      partitions.map { partition in
        state.lastEpoch += 1
        _ = state.remove(partition)
        state.entries[partition] = Entry(epoch: state.lastEpoch, lane: Lane(limits))
        return LaneReference(partition: partition, epoch: state.lastEpoch)
      }
    }
  }

  /// The store has accepted the claims.
  func claimed(_ lanes: [LaneReference], _ epochs: [TopicPartition: LaneEpoch]) {
    state.withLock { state in
      for lane in lanes { state.update(lane) { $0.claim = epochs[lane.partition] } }
    }
    changes.notify()
  }

  /// The store's epochs of live lanes; `nil` while one of them is not claimed.
  func claims(of lanes: Set<LaneReference>) -> [TopicPartition: LaneEpoch]? {
    state.withLock { state in
      var claims: [TopicPartition: LaneEpoch] = [:]
      for lane in lanes {
        guard let entry = state.entries[lane.partition], entry.epoch == lane.epoch, let claim = entry.claim else { return nil }
        claims[lane.partition] = claim
      }
      return claims
    }
  }

  /// Whether a record comes again that was delivered in this assignment: the log has lost its end and is written anew (an unclean
  /// leader election), or the offset was reset.
  func goesBack(to offset: Int64, of partition: TopicPartition) -> Bool {
    state.withLock { $0.entries[partition]?.lane.offsets.lastDelivered.map { offset <= $0 } ?? false }
  }

  /// Takes records of one partition.
  ///
  /// - Returns: the lane, `nil` when it is not ours or is being given up: the records stay in the log for the next owner.
  func deliver(_ records: ArraySlice<ConsumedRecord>, of partition: TopicPartition) -> LaneReference? {
    state.withLock { state in
      guard let index = state.entries.index(forKey: partition) else { return nil }
      let isTaken = state.change(index) { entry in
        for record in records {
          guard entry.lane.deliver(record.offset, bytes: record.size) else { return false }
        }
        return true
      }
      return isTaken ? LaneReference(partition: partition, epoch: state.entries[index].value.epoch) : nil
    }
  }

  /// Queues handler work and says what may start, and whether the flow must change.
  func add(_ work: [HandlerWork], to lane: LaneReference) -> Progress {
    state.withLock { state in
      var progress = Progress()
      let isFull = state.isFull
      state.update(lane) { entry in
        for item in work { entry.lane.add(item, key: item.key, bulkhead: item.bulkhead) }
        LaneTable.advance(&entry.lane, lane, isFull, into: &progress)
      }
      return progress
    }
  }

  /// Whether earlier work of this key is still under way.
  func isBusy(_ key: Bytes, in lane: LaneReference) -> Bool {
    state.withLock { $0.entries[lane.partition]?.lane.isBusy(key) ?? false }
  }

  func hasWork(in lane: LaneReference) -> Bool {
    state.withLock { ($0.entries[lane.partition]?.lane.scheduler.count ?? 0) > 0 }
  }

  /// Whether results of this lane still count.
  func isLive(_ lane: LaneReference) -> Bool {
    state.withLock { $0.entries[lane.partition]?.epoch == lane.epoch }
  }

  func settle(_ settlements: [Settlement]) -> Progress {
    let progress = state.withLock { state in
      var progress = Progress()
      let isFull = state.isFull
      for settlement in settlements {
        let lane = settlement.lane
        state.update(lane) { entry in
          for record in settlement.records {
            guard let offset = entry.lane.settle(record.offset, bytes: record.size) else { continue }
            progress.offsets[lane.partition] = offset
          }
          if let key = settlement.finishedKey { entry.lane.finished(key) }
          LaneTable.advance(&entry.lane, lane, isFull, into: &progress)
        }
      }
      return progress
    }
    changes.notify()
    return progress
  }

  private static func advance(
    _ lane: inout Lane<HandlerWork>, _ reference: LaneReference, _ isFull: Bool, into progress: inout Progress
  ) {
    while let (key, work) = lane.nextWork() {
      progress.start.append(HandlerStart(lane: reference, key: key, work: work))
    }
    adjust(&lane, reference.partition, isFull, into: &progress)
  }

  private static func adjust(
    _ lane: inout Lane<HandlerWork>, _ partition: TopicPartition, _ isFull: Bool, into progress: inout Progress
  ) {
    switch lane.adjustFlow(isProcessFull: isFull) {
    case .pause: progress.pause.append(partition)
    case .resume: progress.resume.append(partition)
    case nil: break
    }
  }

  func revoke(_ partitions: [TopicPartition]) {
    state.withLock { state in
      for partition in partitions { state.entries[partition]?.lane.revoke() }
    }
  }

  /// Forgets lanes: whatever of theirs is still on its way is dropped when it arrives.
  ///
  /// - Returns: the first record of each that is not done, where there is one.
  @discardableResult
  func remove(_ partitions: [TopicPartition]) -> [TopicPartition: Int64] {
    let pending = state.withLock { state in
      var pending: [TopicPartition: Int64] = [:]
      for partition in partitions {
        guard let entry = state.remove(partition) else { continue }
        pending[partition] = entry.lane.offsets.firstPending
      }
      return pending
    }
    changes.notify()
    return pending
  }

  /// Forgets lanes that the store gives to somebody else. One that was assigned anew meanwhile is another lane and stays.
  ///
  /// - Returns: the first record of each that is not done.
  func fence(_ lanes: [LaneReference]) -> [(partition: TopicPartition, offset: Int64)] {
    remove(lanes.filter(isLive).map(\.partition)).map { (partition: $0.key, offset: $0.value) }
      .sorted { $0.partition < $1.partition }
  }

  func isIdle(_ partitions: [TopicPartition]) -> Bool {
    state.withLock { state in partitions.allSatisfy { state.entries[$0]?.lane.isIdle ?? true } }
  }

  /// Whether nothing that was begun in these lanes is still under way.
  func hasHandedOver(_ partitions: [TopicPartition]) -> Bool {
    state.withLock { state in partitions.allSatisfy { state.entries[$0]?.lane.hasHandedOver ?? true } }
  }

  var partitions: [TopicPartition] { state.withLock { $0.entries.keys.sorted() } }
}

/// A handler run whose turn has come.
struct HandlerStart: Sendable {
  let lane: LaneReference
  let key: Bytes
  let work: HandlerWork
}

extension ConsumedRecord {
  /// What holding a header costs beside its text.
  private static let headerBytes = 64

  /// What holding the record costs: key, value and headers.
  var size: Int {
    let size = (key?.count ?? 0) + (value?.count ?? 0)
    guard !headers.isEmpty else { return size }
    return headers.reduce(size) { $0 + ConsumedRecord.headerBytes + $1.name.utf8.count + ($1.value?.count ?? 0) }
  }
}
