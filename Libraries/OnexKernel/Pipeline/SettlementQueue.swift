import OnexCore
import Synchronization

/// Hands settlements from the tasks that decide to the one that commits. The committer takes all there are: the busier the
/// pipeline, the larger its batches.
final class SettlementQueue: Sendable {
  private struct State {
    var items: [Settlement] = []
    var records = 0
    var isClosed = false
    var reader: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  /// Records that wait here.
  var count: Int { state.withLock { $0.records } }

  func add(_ settlement: Settlement) {
    let reader = state.withLock { state in
      state.items.append(settlement)
      state.records += settlement.records.count
      return state.reader.take()
    }
    reader?.resume()
  }

  /// No more settlements will come.
  func close() {
    let reader = state.withLock { state in
      state.isClosed = true
      return state.reader.take()
    }
    reader?.resume()
  }

  /// Everything that waits, in order; `nil` when the queue is closed and empty.
  func takeAll() async -> [Settlement]? {
    while true {
      let (items, isClosed) = state.withLock { state in
        defer {
          state.items.removeAll(keepingCapacity: true)
          state.records = 0
        }
        return (state.items, state.isClosed)
      }
      if !items.isEmpty { return items }
      if isClosed { return nil }
      await withCheckedContinuation { continuation in
        let isReady = state.withLock { state in
          guard state.items.isEmpty, !state.isClosed else { return true }
          state.reader = continuation
          return false
        }
        if isReady { continuation.resume() }
      }
    }
  }
}
