/// The circuit breakers of one operation, one for each target that it calls. Pure: time is given.
///
/// Only targets that have failed take room, and at most `targetsMax` of them: requesters may choose the target. Beyond that those
/// that were not used for longest are forgotten, which closes their circuits.
public struct CircuitBreakers: Sendable {
  public enum Change: Sendable, Equatable { case opened, closed }

  public let policy: CircuitBreakerPolicy
  public let targetsMax: Int
  /// Two generations: used since the last turn, and used before. A turn drops the older one, so that no list is kept in order.
  private var recent: [Bytes?: CircuitBreaker] = [:]
  private var older: [Bytes?: CircuitBreaker] = [:]
  /// Circuits that are open or half open.
  public private(set) var openCount = 0

  public init(_ policy: CircuitBreakerPolicy, targetsMax: Int = 1024) {
    precondition(targetsMax >= 2, "two generations hold one target each at least")
    self.policy = policy
    self.targetsMax = targetsMax
  }

  /// Targets that are remembered.
  public var count: Int { recent.count + older.count }

  /// As `CircuitBreaker.permits`, for one target.
  public mutating func permits(_ target: Bytes?, at now: Duration) -> Bool {
    guard var breaker = take(target) else { return true }
    let isPermitted = breaker.permits(at: now)
    put(breaker, target)
    return isPermitted
  }

  public mutating func succeeded(_ target: Bytes?) -> Change? { change(target) { $0.succeeded() } }

  public mutating func failed(_ target: Bytes?, at now: Duration) -> Change? {
    change(target, orNew: true) { $0.failed(at: now) }
  }

  public mutating func abandoned(_ target: Bytes?) { _ = change(target) { $0.abandoned() } }

  public func state(of target: Bytes?) -> CircuitBreaker.State {
    (recent[target] ?? older[target])?.state ?? .closed(failures: 0)
  }

  private mutating func change(
    _ target: Bytes?, orNew isMade: Bool = false, _ body: (inout CircuitBreaker) -> Void
  ) -> Change? {
    guard var breaker = take(target) ?? (isMade ? CircuitBreaker(policy) : nil) else { return nil }
    let wasClosed = breaker.isClosed
    body(&breaker)
    put(breaker, target)
    return switch (wasClosed, breaker.isClosed) {
    case (true, false): .opened
    case (false, true): .closed
    default: nil
    }
  }

  private mutating func take(_ target: Bytes?) -> CircuitBreaker? {
    guard let breaker = recent.removeValue(forKey: target) ?? older.removeValue(forKey: target) else { return nil }
    if !breaker.isClosed { openCount -= 1 }
    return breaker
  }

  /// A breaker without any failure is as good as none.
  private mutating func put(_ breaker: CircuitBreaker, _ target: Bytes?) {
    guard breaker.state != .closed(failures: 0) else { return }
    if recent.count >= targetsMax / 2 {
      openCount -= older.values.reduce(0) { $1.isClosed ? $0 : $0 + 1 }
      older = recent
      recent = [:]
    }
    recent[target] = breaker
    if !breaker.isClosed { openCount += 1 }
  }
}

extension CircuitBreaker {
  var isClosed: Bool {
    if case .closed = state { true } else { false }
  }
}
