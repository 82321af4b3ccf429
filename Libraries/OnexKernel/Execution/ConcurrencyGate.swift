import OnexCore
import Synchronization

/// Lets a bounded number through at once (`max_concurrency` of a contract). One target gets half of the places, from four on.
///
/// The waiting line needs no bound of its own: each of those in it is one of its lane's running records. Entering, leaving and
/// giving up are constant time on average.
final class ConcurrencyGate: Sendable {
  private struct State {
    var queue: BulkheadQueue<UInt64>
    var nextTicket: UInt64 = 0
    var waiting: [UInt64: CheckedContinuation<Bool, Never>] = [:]
    /// Tickets in the queue whose tasks have given up.
    var givenUp = 0

    /// Those whose turn has come.
    mutating func admitted() -> [CheckedContinuation<Bool, Never>] {
      var admitted: [CheckedContinuation<Bool, Never>] = []
      while let (ticket, bulkhead) = queue.next() {
        if let continuation = waiting.removeValue(forKey: ticket) {
          admitted.append(continuation)
        } else {
          givenUp -= 1
          queue.finished(bulkhead)
        }
      }
      return admitted
    }

    mutating func giveUp(_ ticket: UInt64) -> CheckedContinuation<Bool, Never>? {
      guard let continuation = waiting.removeValue(forKey: ticket) else { return nil }
      givenUp += 1
      if givenUp > 64, givenUp > waiting.count {
        queue.removeReady { waiting[$0] == nil }
        givenUp = 0
      }
      return continuation
    }
  }

  private let state: Mutex<State>

  init(_ limit: Int) { state = Mutex(State(queue: BulkheadQueue(placesMax: limit, sharesHandlers: false))) }

  /// Tasks that wait for a place.
  var waitingCount: Int { state.withLock { $0.waiting.count } }

  /// Waits for a place.
  ///
  /// - Returns: false when the task was cancelled while it waited; then nothing was taken. After true `leave` must follow.
  func enter(_ target: Bytes? = nil) async -> Bool {
    let ticket = state.withLock { state in
      state.nextTicket += 1
      return state.nextTicket
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let admitted: [CheckedContinuation<Bool, Never>]? = state.withLock { state in
          if Task.isCancelled { return nil }
          state.waiting[ticket] = continuation
          state.queue.add(ticket, ConcurrencyGate.bulkhead(target))
          return state.admitted()
        }
        guard let admitted else { return continuation.resume(returning: false) }
        for waiter in admitted { waiter.resume(returning: true) }
      }
    } onCancel: {
      state.withLock { $0.giveUp(ticket) }?.resume(returning: false)
    }
  }

  /// As `enter`, until `instant` of the clock's uptime.
  ///
  /// - Returns: false also when the time is up.
  func enter(_ target: Bytes?, until instant: Duration?, clock: any RuntimeClock) async -> Bool {
    guard let instant else { return await enter(target) }
    if enterAtOnce(target) { return true }
    return await withTaskGroup(of: Bool.self) { group in
      group.addTask { await self.enter(target) }
      group.addTask {
        try? await clock.sleep(untilUptime: instant)
        return false
      }
      // The first to end cancels the other. Only the entry can be true, also when it ends second.
      let first = await group.next() ?? false
      group.cancelAll()
      let second = await group.next() ?? false
      return first || second
    }
  }

  func leave(_ target: Bytes? = nil) {
    let admitted = state.withLock { state in
      state.queue.finished(ConcurrencyGate.bulkhead(target))
      return state.admitted()
    }
    for waiter in admitted { waiter.resume(returning: true) }
  }

  /// Enters where nobody waits and the target has room, without making a timer.
  private func enterAtOnce(_ target: Bytes?) -> Bool {
    state.withLock { state in
      guard state.waiting.isEmpty, state.givenUp == 0, state.queue.running < state.queue.placesMax else { return false }
      state.nextTicket += 1
      state.queue.add(state.nextTicket, ConcurrencyGate.bulkhead(target))
      if state.queue.next() != nil { return true }
      state.queue.removeReady { _ in true }
      return false
    }
  }

  private static func bulkhead(_ target: Bytes?) -> Bulkhead? { target.map { Bulkhead(handler: "", target: $0) } }
}
