import Synchronization

/// Says that the process should finish what it has begun and end. Once requested it stays so.
public final class ShutdownSignal: Sendable {
  private struct State {
    var isRequested = false
    var nextWaiter = 0
    var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
  }

  private let state = Mutex(State())

  public init() {}

  public var isRequested: Bool { state.withLock { $0.isRequested } }

  /// Idempotent.
  public func request() {
    let waiters = state.withLock { state in
      state.isRequested = true
      defer { state.waiters = [:] }
      return state.waiters
    }
    for waiter in waiters.values { waiter.resume() }
  }

  /// Returns when shutdown is requested, or when the waiting task is cancelled.
  public func wait() async {
    let number = state.withLock { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          guard !state.isRequested, !Task.isCancelled else { return true }
          state.waiters[number] = continuation
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      // A cancellation that comes before the waiter is entered is seen by the check above instead.
      state.withLock { $0.waiters.removeValue(forKey: number) }?.resume()
    }
  }
}
