import OnexThreads

/// Threads that decode. Swift's own pool has one thread a core; a long event there would keep the broker from being polled, and the
/// group would take this member's partitions away.
final class DecodingThreads: Sendable {
  private struct State {
    var jobs: [@Sendable () -> Void] = []
    var isClosed = false
  }

  private let mailbox = ThreadMailbox(State())
  private let count: Int

  /// - Parameter count: batches that are decoded at the same time.
  init(_ count: Int) {
    let mailbox = mailbox
    self.count = (0..<count).count { _ in SystemThread.start { DecodingThreads.work(mailbox) } }
  }

  deinit { mailbox.updateAll { $0.isClosed = true } }

  /// Runs `body` on one of the threads, in the order of the calls.
  func run<R: Sendable>(_ body: @escaping @Sendable () -> R) async -> R {
    // The system had no room for a thread.
    guard count > 0 else { return body() }
    return await withCheckedContinuation { continuation in
      mailbox.update { $0.jobs.append { continuation.resume(returning: body()) } }
    }
  }

  private static func work(_ mailbox: ThreadMailbox<State>) {
    while true {
      let job: (@Sendable () -> Void)? = mailbox.wait { state in
        if !state.jobs.isEmpty { return .some(state.jobs.removeFirst()) }
        return state.isClosed ? .some(nil) : nil
      }
      guard let job else { return }
      job()
    }
  }
}
