import Synchronization

/// Finds the handler that a completion is for. A C callback brings only a number, so this is the one place in the process that
/// must be reachable from nowhere.
enum PluginTokens {
  /// A token is the handler's lane above, the call's sequence number below: 65,535 handlers in the life of a process, 2^48 calls
  /// each.
  static let sequenceBits: UInt = 48
  static let lanesMax: UInt = 65_535

  private struct Weak {
    weak var handler: PluginHandler?
  }

  private struct State {
    var last: UInt = 0
    var handlers: [UInt: Weak] = [:]
  }

  private static let state = Mutex(State())

  /// A lane that no handler had before; `nil` when all were used.
  static func lane() -> UInt? {
    state.withLock { state in
      guard state.last < lanesMax else { return nil }
      state.last += 1
      return state.last
    }
  }

  static func register(_ handler: PluginHandler, lane: UInt) {
    state.withLock { $0.handlers[lane] = Weak(handler: handler) }
  }

  static func forget(lane: UInt) {
    state.withLock { _ = $0.handlers.removeValue(forKey: lane) }
  }

  static func handler(of token: UInt) -> PluginHandler? {
    state.withLock { $0.handlers[token >> sequenceBits]?.handler }
  }
}
