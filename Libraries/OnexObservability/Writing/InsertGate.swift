import OnexCore
import OnexPostgres
import Synchronization

/// Decides about attempts to write: when to make one, and how long to wait after it failed.
///
/// The circuit counts writes that reached a database and failed there. A database that cannot be reached is found again by
/// connecting, with backoff, and does not open the circuit: it would only stay shut for longer than the outage.
final class InsertGate: Sendable {
  /// After a failed attempt; unlimited, because an outage lasts as long as it lasts.
  static let backoff = RetryPolicy(attemptsMax: .max, initialBackoff: .milliseconds(100), maxBackoff: .seconds(2))

  /// Conflicts with other transactions are nobody's trouble until they repeat.
  private static let conflictsQuietMax = 2

  /// What to do about a failed attempt.
  struct Verdict: Equatable {
    /// How long to wait at least.
    let delay: Duration
    /// Whether the operator should hear of it.
    let isReported: Bool
  }

  private struct State {
    var breaker: CircuitBreaker
    var failures = 0
    var failedAt: Duration?
  }

  private let state: Mutex<State>

  init(_ policy: CircuitBreakerPolicy) { state = Mutex(State(breaker: CircuitBreaker(policy))) }

  /// Longer than attempts are apart while the circuit is closed.
  private static let freshMax: Duration = .seconds(5)

  /// Whether the last attempt, not long ago, has failed.
  func isFailing(at now: Duration) -> Bool {
    state.withLock { state in
      state.breaker.isOpen || state.failedAt.map { now - $0 < InsertGate.freshMax } ?? false
    }
  }

  var isOpen: Bool { state.withLock { $0.breaker.isOpen } }

  /// How long to wait before the next attempt; `nil` when it may be made now.
  func delay(at now: Duration) -> Duration? {
    state.withLock { state in
      if state.breaker.permits(at: now) { return nil }
      if case .open(let until) = state.breaker.state { return until - now }
      return InsertGate.backoff.initialBackoff
    }
  }

  func succeeded() {
    state.withLock { state in
      state.failures = 0
      state.failedAt = nil
      state.breaker.succeeded()
    }
  }

  func failed(_ error: PostgresError, at now: Duration, random: Double) -> Verdict {
    state.withLock { state in
      state.failures += 1
      state.failedAt = now
      if InsertGate.reachedDatabase(error) { state.breaker.failed(at: now) } else { state.breaker.abandoned() }
      let isConflict = error.isRetriable && !error.isOutage
      return Verdict(
        delay: InsertGate.backoff.backoff(afterAttempt: state.failures, random: random) ?? InsertGate.backoff.maxBackoff,
        isReported: !isConflict || state.failures > InsertGate.conflictsQuietMax)
    }
  }

  private static func reachedDatabase(_ error: PostgresError) -> Bool {
    switch error.code {
    case .authentication, .configuration, .closed, .cancelled: false
    case .timedOut: true
    // Full, read only, shutting down, gone in the middle: it says so itself, and is asked again soon.
    default: !error.isOutage
    }
  }
}
