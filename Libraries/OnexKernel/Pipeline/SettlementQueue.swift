import OnexCore
import Synchronization

/// Hands settlements from the tasks that decide to those that commit. A committer takes all there are: the busier the pipeline, the
/// larger its batches. What belongs to a lane that another committer has under way waits for that, so that each lane stays in order.
final class SettlementQueue: Sendable {
  private struct State {
    var items: [Settlement] = []
    var records = 0
    var isClosed = false
    /// Partitions that a committer has taken settlements of and not finished.
    var underWay: Set<TopicPartition> = []
    var readers: [CheckedContinuation<Void, Never>] = []

    var hasReady: Bool { items.contains { !underWay.contains($0.lane.partition) } }
    var isAtEnd: Bool { isClosed && items.isEmpty }
  }

  private let state = Mutex(State())

  /// Records that wait here.
  var count: Int { state.withLock { $0.records } }

  func add(_ settlement: Settlement) {
    let reader = state.withLock { state in
      state.items.append(settlement)
      state.records += settlement.records.count
      // Whoever has its partition under way comes for it. Of earlier items none is ready: a committer takes all that are.
      return state.underWay.contains(settlement.lane.partition) ? nil : state.readers.popLast()
    }
    reader?.resume()
  }

  /// No more settlements will come.
  func close() {
    wakeAll { $0.isClosed = true }
  }

  /// Everything of lanes that nobody has under way, in order; `nil` when the queue is closed and empty. Followed by `finish`.
  func take() async -> [Settlement]? {
    while true {
      let (taken, isAtEnd) = state.withLock { state in (SettlementQueue.take(&state), state.isAtEnd) }
      if !taken.isEmpty { return taken }
      if isAtEnd { return nil }
      await withCheckedContinuation { continuation in
        let isReady = state.withLock { state in
          guard !state.hasReady, !state.isAtEnd else { return true }
          state.readers.append(continuation)
          return false
        }
        if isReady { continuation.resume() }
      }
    }
  }

  /// The lanes of what was taken are free again.
  func finish(_ taken: [Settlement]) {
    wakeAll { state in
      for settlement in taken { state.underWay.remove(settlement.lane.partition) }
    }
  }

  private static func take(_ state: inout State) -> [Settlement] {
    var taken: [Settlement] = []
    if state.underWay.isEmpty {
      swap(&taken, &state.items)
    } else {
      var waiting: [Settlement] = []
      for item in state.items {
        if state.underWay.contains(item.lane.partition) { waiting.append(item) } else { taken.append(item) }
      }
      state.items = waiting
    }
    for settlement in taken {
      state.records -= settlement.records.count
      state.underWay.insert(settlement.lane.partition)
    }
    return taken
  }

  private func wakeAll(_ change: (inout State) -> Void) {
    let readers = state.withLock { state in
      change(&state)
      defer { state.readers = [] }
      return state.readers
    }
    for reader in readers { reader.resume() }
  }
}
