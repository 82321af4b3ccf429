import OnexCore
import Synchronization

/// The calls of one handler that its plug-in has not completed, each under a number that is never used twice.
///
/// The number is what a plug-in gets as completion context. It is no address, so that a plug-in that completes twice, or long
/// after the answer was given up, finds nothing instead of freed memory.
final class PluginCalls: Sendable {
  /// Calls that were given up and that the plug-in still holds. One that does not heed cancellation would otherwise collect
  /// requests without end; past the bound the handler answers `HANDLER_UNAVAILABLE`.
  static let abandonedMax = 64

  private struct State {
    var next: UInt = 0
    var open: [UInt: PluginCall] = [:]
    var abandoned: Set<UInt> = []
    var unexpected = 0
  }

  private let state = Mutex(State())
  private let lane: UInt

  /// - Parameter lane: this handler's part of every number.
  init(lane: UInt) { self.lane = lane << PluginTokens.sequenceBits }

  /// - Returns: the number; `nil` when too many calls were given up.
  func open(_ call: PluginCall) -> UInt? {
    state.withLock { state in
      guard state.abandoned.count < PluginCalls.abandonedMax else { return nil }
      state.next += 1
      state.open[lane | state.next] = call
      return lane | state.next
    }
  }

  /// Nobody waits for the call any longer; it stays open until the plug-in completes it.
  func abandon(_ token: UInt) {
    state.withLock { state in
      if state.open[token] != nil { state.abandoned.insert(token) }
    }
  }

  /// Takes the call out. `nil` when there is none: it was completed before.
  func close(_ token: UInt) -> PluginCall? {
    state.withLock { state in
      state.abandoned.remove(token)
      return state.open.removeValue(forKey: token)
    }
  }

  /// Counts a completion of no call; how many there were so far.
  func unexpected() -> Int {
    state.withLock { state in
      state.unexpected += 1
      return state.unexpected
    }
  }
}
