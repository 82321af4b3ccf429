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
    var unsettled = 0

    /// Changes the lane in place, unless it is gone.
    mutating func update(_ lane: LaneReference, _ body: (inout Entry) -> Void) {
      guard let index = entries.index(forKey: lane.partition), entries[index].value.epoch == lane.epoch else { return }
      body(&entries.values[index])
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
  let changes = ChangeSignal()

  init(_ limits: LaneLimits) { self.limits = limits }

  /// Records taken and not settled, over all lanes.
  var unsettled: Int { state.withLock { $0.unsettled } }

  var assigned: Int { state.withLock { $0.entries.count } }

  @discardableResult
  func assign(_ partitions: [TopicPartition]) -> [LaneReference] {
    state.withLock { state in
      partitions.map { partition in
        state.lastEpoch += 1
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
      let lane = LaneReference(partition: partition, epoch: state.entries[index].value.epoch)
      for record in records {
        guard state.entries.values[index].lane.deliver(record.offset, bytes: record.size) else { return nil }
      }
      state.unsettled += records.count
      return lane
    }
  }

  /// Queues handler work and says what may start, and whether the flow must change.
  func add(_ work: [HandlerWork], to lane: LaneReference) -> Progress {
    state.withLock { state in
      var progress = Progress()
      state.update(lane) { entry in
        for item in work { entry.lane.add(item, key: item.key, bulkhead: item.bulkhead) }
        LaneTable.advance(&entry.lane, lane, into: &progress)
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
      for settlement in settlements {
        let lane = settlement.lane
        state.update(lane) { entry in
          for record in settlement.records {
            guard let offset = entry.lane.settle(record.offset, bytes: record.size) else { continue }
            progress.offsets[lane.partition] = offset
          }
          if let key = settlement.finishedKey { entry.lane.finished(key) }
          LaneTable.advance(&entry.lane, lane, into: &progress)
        }
        // A lane that went away has taken its share off the count already.
        if state.entries[lane.partition]?.epoch == lane.epoch { state.unsettled -= settlement.records.count }
      }
      return progress
    }
    changes.notify()
    return progress
  }

  private static func advance(_ lane: inout Lane<HandlerWork>, _ reference: LaneReference, into progress: inout Progress) {
    while let (key, work) = lane.nextWork() {
      progress.start.append(HandlerStart(lane: reference, key: key, work: work))
    }
    switch lane.adjustFlow() {
    case .pause: progress.pause.append(reference.partition)
    case .resume: progress.resume.append(reference.partition)
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
        guard let entry = state.entries.removeValue(forKey: partition) else { continue }
        state.unsettled -= entry.lane.offsets.pending
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

  var partitions: [TopicPartition] { state.withLock { $0.entries.keys.sorted() } }
}

/// A handler run whose turn has come.
struct HandlerStart: Sendable {
  let lane: LaneReference
  let key: Bytes
  let work: HandlerWork
}

extension ConsumedRecord {
  /// Key and value together, which is what holding the record costs.
  var size: Int { (key?.count ?? 0) + (value?.count ?? 0) }
}
