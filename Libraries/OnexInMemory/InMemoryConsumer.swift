import OnexCore
import Synchronization

final class InMemoryConsumer: EventConsumer {
  private let bus: InMemoryEventBus
  private let subscription: Subscription
  private let id: Int

  init(_ bus: InMemoryEventBus, _ subscription: Subscription, _ id: Int) {
    self.bus = bus
    self.subscription = subscription
    self.id = id
  }

  deinit { leave() }

  func poll(_ limit: PollLimit) async -> [ConsumerEvent] {
    let seen = bus.changes.generation
    let events = take(limit)
    guard events.isEmpty else { return events }
    await bus.changes.wait(since: seen, atMost: limit.wait, clock: bus.clock)
    return take(limit)
  }

  private func take(_ limit: PollLimit) -> [ConsumerEvent] {
    change { member, committed, topics in
      var events = member.events
      member.events.removeAll()
      var batch = RecordBatch(limit)
      let ready = member.owned.subtracting(member.revoking).subtracting(member.paused).sorted()
      for index in ready.indices {
        let partition = ready[(index + member.turn) % ready.count]
        guard let log = topics[partition.topic]?[Int(partition.partition)] else { continue }
        let first = member.start == .earliest ? log.start : log.end
        var position = member.positions[partition] ?? committed[partition] ?? first
        if position < log.start { events.append(.skipped(partition, from: position, to: first)) }
        if position > log.end { events.append(.wentBack(partition, from: position, to: first)) }
        if position < log.start || position > log.end { position = first }
        if member.begun[partition] == nil { member.begun[partition] = position }
        // Committed at once, so that deletions before the first stored offset are seen.
        if member.start == .earliest, committed[partition] == nil { committed[partition] = position }
        member.positions[partition] = batch.take(log, from: position)
      }
      member.turn = ready.isEmpty ? 0 : (member.turn + 1) % ready.count
      let records = batch.records
      if !records.isEmpty { events.append(.records(records)) }
      return events
    } ?? []
  }

  func completeRevocation(_ partitions: [TopicPartition]) {
    bus.state.withLock { state in
      state.groups[subscription.group]?.release(partitions, of: id)
      state.groups[subscription.group]?.assignFree()
    }
    bus.changes.notify()
  }

  func storeOffsets(_ next: [TopicPartition: Int64]) throws(EventBusError) {
    let foreign = bus.state.withLock { state -> TopicPartition? in
      guard let owned = state.groups[subscription.group]?.members[id]?.owned else { return next.keys.first }
      for (partition, offset) in next where owned.contains(partition) {
        state.groups[subscription.group]?.committed[partition] = offset
        bus.evict(partition, &state)
      }
      return next.keys.first { !owned.contains($0) }
    }
    if let foreign { throw EventBusError(.fenced, "\(foreign) is not assigned to this member") }
  }

  /// What is stored is committed at once.
  func commit() async throws(EventBusError) {}

  func pause(_ partitions: [TopicPartition]) {
    _ = change { member, _, _ in member.paused.formUnion(partitions) }
  }

  func resume(_ partitions: [TopicPartition]) {
    _ = change { member, _, _ in member.paused.subtract(partitions) }
    bus.changes.notify()
  }

  func seek(_ partition: TopicPartition, to offset: Int64) throws(EventBusError) {
    let isOurs = change { member, _, _ in
      guard member.owned.contains(partition) else { return false }
      member.positions[partition] = offset
      return true
    }
    guard isOurs == true else { throw EventBusError(.fenced, "\(partition) is not assigned to this member") }
    bus.changes.notify()
  }

  func lag() -> [TopicPartition: Int64] {
    change { member, committed, topics in
      var lag: [TopicPartition: Int64] = [:]
      for partition in member.owned {
        guard let log = topics[partition.topic]?[Int(partition.partition)] else { continue }
        lag[partition] = max(log.end - (committed[partition] ?? member.begun[partition] ?? log.start), 0)
      }
      return lag
    } ?? [:]
  }

  func close() async { leave() }

  private func leave() {
    bus.state.withLock { state in
      guard state.groups[subscription.group]?.members.removeValue(forKey: id) != nil else { return }
      let partitions = bus.partitions(of: subscription.topics, state)
      state.groups[subscription.group]?.rebalance(partitions)
    }
    bus.changes.notify()
  }

  private func change<R>(
    _ body: (inout GroupState.Member, inout [TopicPartition: Int64], [String: [PartitionLog]]) -> R
  ) -> R? {
    bus.state.withLock { state in
      guard var group = state.groups[subscription.group], var member = group.members[id] else { return nil }
      let result = body(&member, &group.committed, state.topics)
      group.members[id] = member
      state.groups[subscription.group] = group
      return result
    }
  }
}
