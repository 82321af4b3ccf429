import Synchronization

/// A batch on its way to the broker, as a promise of its failures.
public final class Publication: Sendable {
  private enum State {
    case underWay(CheckedContinuation<[PublishFailure], Never>?)
    case over([PublishFailure])
  }

  private let state = Mutex(State.underWay(nil))

  public init() {}

  /// A batch that is over already.
  public convenience init(over failures: [PublishFailure]) {
    self.init()
    complete(failures)
  }

  /// What was not written; `nil` while that is not known.
  public var outcome: [PublishFailure]? {
    state.withLock { if case .over(let failures) = $0 { failures } else { nil } }
  }

  /// Waits until every record is acknowledged or refused. One task waits.
  public func failures() async -> [PublishFailure] {
    await withCheckedContinuation { continuation in
      let known: [PublishFailure]? = state.withLock { state in
        switch state {
        case .over(let failures): return failures
        case .underWay(nil):
          state = .underWay(continuation)
          return nil
        case .underWay: preconditionFailure("two tasks wait for one batch")
        }
      }
      if let known { continuation.resume(returning: known) }
    }
  }

  /// Called once, by the producer.
  public func complete(_ failures: [PublishFailure]) {
    let waiter = state.withLock { state in
      guard case .underWay(let waiter) = state else { preconditionFailure("a batch is over once") }
      state = .over(failures)
      return waiter
    }
    waiter?.resume(returning: failures)
  }
}
