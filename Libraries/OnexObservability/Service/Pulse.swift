import OnexCore
import Synchronization

/// When things last happened, told by the tasks that do them.
final class Pulse: Sendable {
  struct Reading: Sendable {
    var polled: Duration
    /// When offsets were last stored.
    var settled: [TopicPartition: Duration] = [:]
    /// Batches that are being written.
    var writing = 0
  }

  private let state: Mutex<Reading>

  init(_ now: Duration) { state = Mutex(Reading(polled: now)) }

  func polled(_ now: Duration) { state.withLock { $0.polled = now } }

  func settled(_ partitions: some Sequence<TopicPartition>, _ now: Duration) {
    state.withLock { state in
      for partition in partitions { state.settled[partition] = now }
    }
  }

  func beganWriting() { state.withLock { $0.writing += 1 } }
  func endedWriting() { state.withLock { $0.writing -= 1 } }

  func read() -> Reading { state.withLock { $0 } }
}
