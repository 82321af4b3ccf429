import OnexCore
import Synchronization

/// Wakes polls that wait for something to happen on the bus.
final class BusSignal: Sendable {
  private struct State {
    var generation: UInt64 = 0
    var nextTicket: UInt64 = 0
    var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
  }

  private let state = Mutex(State())

  var generation: UInt64 { state.withLock { $0.generation } }

  func notify() {
    let waiting = state.withLock { state in
      state.generation &+= 1
      defer { state.waiting.removeAll() }
      return state.waiting
    }
    for continuation in waiting.values { continuation.resume() }
  }

  /// Returns at the first change after `generation`, when `limit` is over or when the task is cancelled.
  func wait(since generation: UInt64, atMost limit: Duration, clock: any RuntimeClock) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.wait(since: generation) }
      group.addTask { try? await clock.sleep(for: limit) }
      await group.next()
      group.cancelAll()
    }
  }

  private func wait(since generation: UInt64) async {
    let ticket = state.withLock { state in
      state.nextTicket += 1
      return state.nextTicket
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if state.generation != generation || Task.isCancelled { return true }
          state.waiting[ticket] = continuation
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiting.removeValue(forKey: ticket) }?.resume()
    }
  }
}
