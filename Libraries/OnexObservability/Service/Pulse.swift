import Synchronization

/// When things last happened, told by the tasks that do them.
final class Pulse: Sendable {
  private let state: Mutex<(polled: Duration, settled: Duration, isWriting: Bool)>

  init(_ now: Duration) { state = Mutex((now, now, false)) }

  func polled(_ now: Duration) { state.withLock { $0.polled = now } }
  func settled(_ now: Duration) { state.withLock { $0.settled = now } }
  func writing(_ isWriting: Bool) { state.withLock { $0.isWriting = isWriting } }

  func read() -> (polled: Duration, settled: Duration, isWriting: Bool) { state.withLock { $0 } }
}
