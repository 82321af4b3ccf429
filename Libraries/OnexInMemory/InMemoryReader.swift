import OnexCore
import Synchronization

final class InMemoryReader: EventReader {
  private let bus: InMemoryEventBus
  private let positions: Mutex<[TopicPartition: Int64]?>
  /// Where each partition ended when the reader was made.
  private let ends: [TopicPartition: Int64]

  init(_ bus: InMemoryEventBus, _ positions: [TopicPartition: Int64], ends: [TopicPartition: Int64]) {
    self.bus = bus
    self.ends = ends
    self.positions = Mutex(positions)
  }

  func poll(_ limit: PollLimit) async -> [ConsumerEvent] {
    let seen = bus.changes.generation
    let records = take(limit)
    guard records.isEmpty else { return [.records(records)] }
    await bus.changes.wait(since: seen, atMost: limit.wait, clock: bus.clock)
    let later = take(limit)
    return later.isEmpty ? [] : [.records(later)]
  }

  private func take(_ limit: PollLimit) -> [ConsumedRecord] {
    let topics = bus.state.withLock { $0.topics }
    return positions.withLock { positions in
      guard let current = positions else { return [] }
      var batch = RecordBatch(limit)
      for (partition, position) in current.sorted(by: { $0.key < $1.key }) {
        guard let log = topics[partition.topic]?[Int(partition.partition)] else { continue }
        positions?[partition] = batch.take(log, from: position)
      }
      return batch.records
    }
  }

  func remaining() -> Int64 {
    positions.withLock { positions in
      guard let positions else { return 0 }
      return ends.reduce(0) { $0 + max(0, $1.value - (positions[$1.key] ?? $1.value)) }
    }
  }

  func close() async { positions.withLock { $0 = nil } }
}
