import OnexThreads

/// Work in order of arrival and the threads that do it.
final class WorkQueue: Sendable {
  typealias Work = @Sendable () -> Void

  private struct State {
    var waiting: [Work] = []
    var isClosed = false
  }

  private enum Next {
    case work(Work)
    case end
  }

  let waitingMax: Int
  private let state = ThreadMailbox(State())

  init(waitingMax: Int) { self.waitingMax = waitingMax }

  /// - Returns: false when as many wait as may.
  func add(_ work: @escaping Work) -> Bool {
    state.update { state in
      guard !state.isClosed, state.waiting.count < waitingMax else { return false }
      state.waiting.append(work)
      return true
    }
  }

  /// The threads end when they have done what was added.
  func close() { state.updateAll { $0.isClosed = true } }

  func addThread() {
    let state = state
    let isStarted = SystemThread.start {
      while case .work(let work) = state.wait({ WorkQueue.next(&$0) }) { work() }
    }
    precondition(isStarted, "a thread for files cannot be made")
  }

  private static func next(_ state: inout State) -> Next? {
    guard state.waiting.isEmpty else { return .work(state.waiting.removeFirst()) }
    return state.isClosed ? .end : nil
  }
}
