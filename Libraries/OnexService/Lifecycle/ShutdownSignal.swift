import OnexCore
import Synchronization

/// Says that the process should finish what it has begun and end. Once requested it stays so.
public final class ShutdownSignal: Sendable {
  private let state = Mutex(false)
  private let changes = ChangeSignal()

  public init() {}

  public var isRequested: Bool { state.withLock { $0 } }

  /// Idempotent.
  public func request() {
    state.withLock { $0 = true }
    changes.notify()
  }

  /// Returns when shutdown is requested, or when the waiting task is cancelled.
  public func wait() async {
    while !Task.isCancelled {
      let seen = changes.generation
      if isRequested { return }
      await changes.wait(since: seen)
    }
  }
}
