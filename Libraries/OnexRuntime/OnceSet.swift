import Synchronization

/// A value that is made in one step of a service's life and used in a later one.
final class OnceSet<Value: Sendable>: Sendable {
  private let state = Mutex<Value?>(nil)

  var value: Value? { state.withLock { $0 } }

  func set(_ value: Value) {
    state.withLock { state in
      precondition(state == nil, "set once")
      state = value
    }
  }
}
