import OnexCore
import Synchronization

/// Time that moves only when a test says so.
public final class VirtualClock: RuntimeClock {
  private struct Sleeper {
    let instant: Duration
    let continuation: CheckedContinuation<Void, any Error>
  }

  private struct State {
    var uptime: Duration = .zero
    var nextTicket = 0
    var sleepers: [Int: Sleeper] = [:]
    var watchers: [(latest: Duration, continuation: CheckedContinuation<Void, Never>)] = []
  }

  private let state = Mutex(State())
  private let start: Timestamp

  /// - Parameter start: the wall-clock time at uptime zero.
  public init(start: Timestamp = Timestamp(microseconds: 1_795_232_934_000_000)) { self.start = start }

  public func now() -> Timestamp { start + uptime() }

  public func uptime() -> Duration { state.withLock { $0.uptime } }

  public func sleep(untilUptime instant: Duration) async throws {
    let ticket = state.withLock { state in
      state.nextTicket += 1
      return state.nextTicket
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        let outcome: Result<Void, any Error>? = state.withLock { state in
          if Task.isCancelled { return .failure(CancellationError()) }
          if instant <= state.uptime { return .success(()) }
          state.sleepers[ticket] = Sleeper(instant: instant, continuation: continuation)
          return nil
        }
        if let outcome { continuation.resume(with: outcome) } else { wakeWatchers() }
      }
    } onCancel: {
      let sleeper = state.withLock { $0.sleepers.removeValue(forKey: ticket) }
      sleeper?.continuation.resume(throwing: CancellationError())
    }
  }

  /// Moves time and wakes, in the order of their instants, those whose time has come.
  public func advance(by duration: Duration) {
    let due = state.withLock { state in
      state.uptime += duration
      let due = state.sleepers.filter { $0.value.instant <= state.uptime }
      for ticket in due.keys { state.sleepers[ticket] = nil }
      return due.sorted { ($0.value.instant, $0.key) < ($1.value.instant, $1.key) }.map(\.value)
    }
    for sleeper in due { sleeper.continuation.resume() }
  }

  /// When the next sleeper wakes; `nil` when nobody sleeps.
  public var nextWake: Duration? { state.withLock { state in state.sleepers.values.map(\.instant).min() } }

  /// Returns when some task sleeps that moving time by `duration` would wake.
  public func waitForSleeper(dueWithin duration: Duration) async {
    await withCheckedContinuation { continuation in
      state.withLock { $0.watchers.append(($0.uptime + duration, continuation)) }
      wakeWatchers()
    }
  }

  private func wakeWatchers() {
    let satisfied = state.withLock { state in
      func isSatisfied(_ latest: Duration) -> Bool { state.sleepers.values.contains { $0.instant <= latest } }
      let satisfied = state.watchers.filter { isSatisfied($0.latest) }
      state.watchers.removeAll { isSatisfied($0.latest) }
      return satisfied
    }
    for watcher in satisfied { watcher.continuation.resume() }
  }
}
