/// Stops calling what keeps failing, and finds out by single attempts when it works again. Pure: time is given.
///
///     closed --threshold failures--> open --reset timeout--> half open --successes--> closed
///                                      ^------- failure --------'
public struct CircuitBreaker: Sendable {
  public enum State: Sendable, Equatable {
    case closed(failures: Int)
    case open(until: Duration)
    /// One attempt at a time is let through.
    case halfOpen(successes: Int, probing: Bool)
  }

  public let policy: CircuitBreakerPolicy
  public private(set) var state: State = .closed(failures: 0)

  public init(_ policy: CircuitBreakerPolicy) { self.policy = policy }

  /// Whether an attempt may be made now. A `true` must be followed by exactly one `succeeded`, `failed` or `abandoned`.
  ///
  /// - Parameter now: monotonic time.
  public mutating func permits(at now: Duration) -> Bool {
    switch state {
    case .closed:
      return true
    case .open(let until):
      guard now >= until else { return false }
      state = .halfOpen(successes: 0, probing: true)
      return true
    case .halfOpen(let successes, let probing):
      guard !probing else { return false }
      state = .halfOpen(successes: successes, probing: true)
      return true
    }
  }

  public mutating func succeeded() {
    switch state {
    case .closed:
      state = .closed(failures: 0)
    case .open:
      break  // An attempt from before the circuit opened; it says nothing about now.
    case .halfOpen(let successes, _):
      let reached = successes + 1 >= policy.halfOpenSuccesses
      state = reached ? .closed(failures: 0) : .halfOpen(successes: successes + 1, probing: false)
    }
  }

  public mutating func failed(at now: Duration) {
    switch state {
    case .closed(let failures):
      let reached = failures + 1 >= policy.failureThreshold
      state = reached ? .open(until: now + policy.resetTimeout) : .closed(failures: failures + 1)
    case .open:
      break
    case .halfOpen:
      state = .open(until: now + policy.resetTimeout)
    }
  }

  /// The attempt ended without saying anything about the callee (cancelled, refused before it was sent).
  public mutating func abandoned() {
    if case .halfOpen(let successes, _) = state { state = .halfOpen(successes: successes, probing: false) }
  }

  public var isOpen: Bool {
    if case .open = state { true } else { false }
  }
}
