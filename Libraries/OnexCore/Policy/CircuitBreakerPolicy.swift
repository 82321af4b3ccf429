/// When a circuit opens and how it closes again.
public struct CircuitBreakerPolicy: Sendable, Hashable {
  /// Consecutive failures that open it.
  public let failureThreshold: Int
  /// How long it stays open before one attempt is let through.
  public let resetTimeout: Duration
  /// Consecutive successes that close it again.
  public let halfOpenSuccesses: Int

  public init(failureThreshold: Int = 5, resetTimeout: Duration = .seconds(60), halfOpenSuccesses: Int = 1) {
    precondition(failureThreshold >= 1 && halfOpenSuccesses >= 1, "thresholds count something")
    self.failureThreshold = failureThreshold
    self.resetTimeout = resetTimeout
    self.halfOpenSuccesses = halfOpenSuccesses
  }
}
