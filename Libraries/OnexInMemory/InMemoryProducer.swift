import OnexCore
import Synchronization

final class InMemoryProducer: EventProducer {
  private let bus: InMemoryEventBus
  private let isClosed = Atomic<Bool>(false)

  init(_ bus: InMemoryEventBus) { self.bus = bus }

  func send(_ records: [OutboundRecord]) -> Publication {
    guard !isClosed.load(ordering: .acquiring) else {
      let error = EventBusError(.closed, "the producer is closed")
      return Publication(over: records.indices.map { PublishFailure(index: $0, error: error) })
    }
    let now = bus.clock.now()
    let failures = bus.state.withLock { state in
      var failures: [PublishFailure] = []
      for (index, record) in records.enumerated() {
        if let error = append(record, now, &state) { failures.append(PublishFailure(index: index, error: error)) }
      }
      return failures
    }
    bus.changes.notify()
    return Publication(over: failures)
  }

  func close(timeout: Duration) async { isClosed.store(true, ordering: .releasing) }

  private func append(_ record: OutboundRecord, _ now: Timestamp, _ state: inout InMemoryEventBus.State) -> EventBusError? {
    if let error = state.publishFault?(record) { return error }
    let size = (record.key?.count ?? 0) + (record.value?.count ?? 0)
    guard size <= bus.limits.recordBytesMax else {
      return EventBusError(.recordTooLarge, "the record has \(size) bytes; the limit is \(bus.limits.recordBytesMax)")
    }
    let count = bus.makeTopic(record.topic, &state).count
    let index = record.partition.map { Int($0) } ?? choose(record.key, count, &state)
    guard index < count else { return EventBusError(.unknownTopic, "\(record.topic) has no partition \(index)") }
    let place = TopicPartition(record.topic, Int32(index))
    bus.evict(place, &state)
    guard let log = state.topics[record.topic]?[index], log.count < bus.limits.recordsMax else {
      return EventBusError(.queueFull, "\(place) is full: nobody takes its records", isRetriable: true)
    }
    // Copied: a slice would keep its whole batch alive for as long as the record is kept.
    func copy(_ bytes: Bytes?) -> Bytes? { bytes.map { $0.withUnsafeBytes { Bytes(copying: $0) } } }
    state.topics[record.topic]?[index].append(
      ConsumedRecord(
        source: place, offset: log.end, key: copy(record.key), value: copy(record.value),
        headers: record.allHeaders.map { RecordHeader($0.name, copy($0.value)) }, timestamp: now))
    return nil
  }

  private func choose(_ key: Bytes?, _ count: Int, _ state: inout InMemoryEventBus.State) -> Int {
    if let key { return Int(Murmur2.partition(of: key, count: count)) }
    state.nextPartition = (state.nextPartition + 1) % count
    return state.nextPartition
  }
}
