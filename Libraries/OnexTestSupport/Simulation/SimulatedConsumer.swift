import OnexCore
import Synchronization

/// A process's membership of a group, which ends with the process.
final class SimulatedConsumer: EventConsumer {
  private struct State {
    var member: any EventConsumer
    var owned: Set<TopicPartition> = []
    var isExpired = false
  }

  private let base: any EventBus
  private let subscription: Subscription
  private let process: SimulatedProcess
  private let state: Mutex<State>

  init(_ member: any EventConsumer, _ base: any EventBus, _ subscription: Subscription, _ process: SimulatedProcess) {
    state = Mutex(State(member: member))
    self.base = base
    self.subscription = subscription
    self.process = process
  }

  /// What a stopped process does between two waits counts as done before it was stopped.
  private var member: (any EventConsumer)? {
    process.condition != .dead ? state.withLock { $0.isExpired ? nil : $0.member } : nil
  }

  func expire() async {
    let member = state.withLock { state in
      state.isExpired = true
      return state.member
    }
    await member.close()
  }

  func poll(_ limit: PollLimit) async -> [ConsumerEvent] {
    await process.wait(while: .stopped)
    guard process.condition == .running else {
      // Nothing comes any more; a pipeline that is not cancelled yet must not spin.
      try? await process.clock.sleep(for: .seconds(1))
      return []
    }
    if let lost = rejoin() {
      process.tell("joins again and has lost \(lost)")
      return lost.isEmpty ? [] : [.lost(lost)]
    }
    guard let member else { return [] }
    let events = await member.poll(limit)
    note(events)
    // What was polled while the process was stopped or died is not seen by it.
    await process.wait(while: .stopped)
    guard process.condition == .running else { return [] }
    for event in events { process.tell("polls \(SimulatedConsumer.words(event))") }
    return events
  }

  /// A member whose session is over joins anew and has lost what it had.
  private func rejoin() -> [TopicPartition]? {
    guard state.withLock({ $0.isExpired }), let fresh = try? base.consumer(subscription) else { return nil }
    return state.withLock { state in
      defer { state = State(member: fresh) }
      return state.owned.sorted()
    }
  }

  private static func words(_ event: ConsumerEvent) -> String {
    if case .records(let records) = event { "\(records.map { "\($0.source)@\($0.offset)" })" } else { "\(event)" }
  }

  private func note(_ events: [ConsumerEvent]) {
    state.withLock { state in
      for event in events {
        switch event {
        case .assigned(let partitions): state.owned.formUnion(partitions)
        case .lost(let partitions): state.owned.subtract(partitions)
        default: break
        }
      }
    }
  }

  func completeRevocation(_ partitions: [TopicPartition]) {
    state.withLock { $0.owned.subtract(partitions) }
    member?.completeRevocation(partitions)
  }

  var revocationMax: Duration { member?.revocationMax ?? .zero }

  func storeOffsets(_ next: [TopicPartition: Int64]) throws(EventBusError) {
    guard let member else { throw EventBusError(.fenced, "the simulated process is not in its group") }
    process.tell("stores \(next.sorted { $0.key < $1.key }.map { "\($0.key)@\($0.value)" })")
    try member.storeOffsets(next)
  }

  func commit() async throws(EventBusError) { try await member?.commit() }
  func pause(_ partitions: [TopicPartition]) { member?.pause(partitions) }
  func resume(_ partitions: [TopicPartition]) { member?.resume(partitions) }

  func seek(_ partition: TopicPartition, to offset: Int64) throws(EventBusError) {
    guard let member else { throw EventBusError(.fenced, "the simulated process is not in its group") }
    try member.seek(partition, to: offset)
  }

  func lag() -> [TopicPartition: Int64] { member?.lag() ?? [:] }

  /// A dead process says no farewell.
  func close() async {
    if let member { await member.close() }
  }
}
