import OnexThreads

/// The threads that handlers run on.
///
/// A handler is somebody else's code: it may compute for long or block. On Swift's own pool, which has a thread a core, two
/// such handlers would stop the whole process, health endpoint's data, timers and all. Here they only hold threads of their
/// own; when one overstays its time, `compensate` adds another, up to a bound.
public final class HandlerThreads: TaskExecutor {
  /// Threads that stuck handlers may cost before the process reports that it needs a restart.
  public static let compensationMax = 32
  private static let stackBytes = 1 << 20

  private struct State {
    var jobs: [UnownedJob] = []
    var head = 0
    var threads = 0
    /// Threads that should end once they have nothing to do.
    var surplus = 0
    var stuck = 0
  }

  private let state = ThreadMailbox(State())

  /// A simulation runs everything in its own order, handlers too.
  private let substitute: (any TaskExecutor)?

  public init(count: Int) {
    substitute = nil
    for _ in 0..<max(count, 1) { addThread() }
  }

  /// Runs handlers where somebody else says, without threads.
  public init(on executor: any TaskExecutor) { substitute = executor }

  /// How many handlers have overstayed and still hold their thread.
  public var stuck: Int { state.withLock { $0.stuck } }

  public func enqueue(_ job: consuming ExecutorJob) {
    if let substitute { return substitute.enqueue(job) }
    let unowned = UnownedJob(job)
    state.update { $0.jobs.append(unowned) }
  }

  /// A handler did not end in time: its thread is counted as gone and replaced.
  ///
  /// - Returns: false when the bound is reached and no thread was added.
  @discardableResult
  func compensate() -> Bool {
    let mayAdd = state.withLock { state in
      state.stuck += 1
      return state.stuck <= HandlerThreads.compensationMax
    }
    if mayAdd { addThread() }
    return mayAdd
  }

  /// The handler ended after all.
  func recovered() {
    state.update { state in
      if state.stuck <= HandlerThreads.compensationMax { state.surplus += 1 }
      state.stuck -= 1
    }
  }

  private func addThread() {
    guard substitute == nil else { return }
    state.withLock { $0.threads += 1 }
    let isStarted = SystemThread.start(stackBytes: HandlerThreads.stackBytes) { [self] in work() }
    precondition(isStarted, "a thread for handlers cannot be made")
  }

  private enum Next {
    case run(UnownedJob)
    case end
  }

  private func work() {
    while case .run(let job) = state.wait({ HandlerThreads.next(&$0) }) {
      job.runSynchronously(on: asUnownedTaskExecutor())
    }
  }

  private static func next(_ state: inout State) -> Next? {
    if state.head < state.jobs.count {
      let job = state.jobs[state.head]
      state.head += 1
      if state.head == state.jobs.count {
        state.jobs.removeAll(keepingCapacity: true)
        state.head = 0
      } else if state.head >= 1024 {
        state.jobs.removeFirst(state.head)
        state.head = 0
      }
      return .run(job)
    }
    if state.surplus > 0 {
      state.surplus -= 1
      state.threads -= 1
      return .end
    }
    return nil
  }
}
