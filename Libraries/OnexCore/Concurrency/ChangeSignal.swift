import Synchronization

/// Lets tasks wait until something has changed, without missing a change between the look and the wait.
public final class ChangeSignal: Sendable {
  private struct State {
    public init() {}

    /// Changes so far: read it before looking, and wait for a later one.
    public var generation: UInt64 = 0
    var nextTicket: UInt64 = 0
    var waiting: [(ticket: UInt64, continuation: CheckedContinuation<Void, Never>)] = []
  }

  private let state = Mutex(State())

  public init() {}

  /// Changes so far: read it before looking, and wait for a later one.
  public var generation: UInt64 { state.withLock { $0.generation } }

  public func notify() {
    let waiting = state.withLock { state in
      state.generation &+= 1
      defer { state.waiting.removeAll() }
      return state.waiting
    }
    for waiter in waiting { waiter.continuation.resume() }
  }

  /// Returns at the first change after `generation`, or when the task is cancelled.
  public func wait(since generation: UInt64) async {
    let ticket = state.withLock { state in
      state.nextTicket += 1
      return state.nextTicket
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if state.generation != generation || Task.isCancelled { return true }
          state.waiting.append((ticket, continuation))
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      let waiter = state.withLock { state in
        state.waiting.firstIndex { $0.ticket == ticket }.map { state.waiting.remove(at: $0).continuation }
      }
      waiter?.resume()
    }
  }

  /// Returns at the first change after `generation`, when `limit` is over, or when the task is cancelled.
  public func wait(since generation: UInt64, atMost limit: Duration, clock: any RuntimeClock) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.wait(since: generation) }
      group.addTask { try? await clock.sleep(for: limit) }
      await group.next()
      group.cancelAll()
    }
  }

  /// Waits until `condition` holds, at most for `limit`.
  ///
  /// - Returns: whether it held.
  public func wait(
    atMost limit: Duration, clock: any RuntimeClock, until condition: @escaping @Sendable () -> Bool
  ) async -> Bool {
    if condition() { return true }
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        while !Task.isCancelled {
          let seen = self.generation
          if condition() { return }
          await self.wait(since: seen)
        }
      }
      group.addTask { try? await clock.sleep(for: limit) }
      await group.next()
      group.cancelAll()
    }
    return condition()
  }
}
