import OnexCore

/// When the pool may try again to open a connection.
struct PoolBackoff: Sendable {
  private var failures = 0
  /// No attempt before this.
  private(set) var until: Duration = .zero
  /// Since a connection last opened.
  private(set) var lastFailure: PostgresError?

  var isFailing: Bool { failures > 0 }

  func permits(at now: Duration) -> Bool { failures == 0 || now >= until }

  mutating func succeeded() { self = PoolBackoff() }

  /// - Parameter random: uniform in 0..<1.
  mutating func failed(_ error: PostgresError, _ policy: RetryPolicy, at now: Duration, random: Double) {
    lastFailure = error
    // Attempts that began together and fail together are one failure: they say one thing about the server.
    guard permits(at: now) else { return }
    failures += 1
    until = now + (policy.backoff(afterAttempt: failures, random: random) ?? policy.maxBackoff)
  }
}
