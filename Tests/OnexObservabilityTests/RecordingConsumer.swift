import OnexCore
import Synchronization

/// Remembers which offsets were stored; everything else is the wrapped consumer's.
final class RecordingConsumer: EventConsumer {
  /// Shared by the members of one group.
  final class Log: Sendable {
    private let stored = Mutex<[TopicPartition: Int64]>([:])

    func add(_ next: [TopicPartition: Int64]) { stored.withLock { $0.merge(next) { max($0, $1) } } }

    /// Records before the stored offsets, when every partition began at zero.
    var count: Int64 { stored.withLock { $0.values.reduce(0, +) } }
  }

  private let wrapped: any EventConsumer
  private let log: Log

  init(_ wrapped: any EventConsumer, _ log: Log) {
    self.wrapped = wrapped
    self.log = log
  }

  func storeOffsets(_ next: [TopicPartition: Int64]) throws(EventBusError) {
    try wrapped.storeOffsets(next)
    log.add(next)
  }

  func poll(_ limit: PollLimit) async -> [ConsumerEvent] { await wrapped.poll(limit) }
  func completeRevocation(_ partitions: [TopicPartition]) { wrapped.completeRevocation(partitions) }
  func commit() async throws(EventBusError) { try await wrapped.commit() }
  func pause(_ partitions: [TopicPartition]) { wrapped.pause(partitions) }
  func resume(_ partitions: [TopicPartition]) { wrapped.resume(partitions) }
  func seek(_ partition: TopicPartition, to offset: Int64) throws(EventBusError) { try wrapped.seek(partition, to: offset) }
  func lag() -> [TopicPartition: Int64] { wrapped.lag() }
  func close() async { await wrapped.close() }
}
