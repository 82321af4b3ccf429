import OnexCore
import OnexThreads
import Synchronization

/// The threads that handlers run on.
///
/// A handler is foreign code: it may compute for long or block. On Swift's own pool, which has a thread a core, two such handlers
/// would stop the whole process, health endpoint's data, timers and all. Here they only hold threads of their own. A thread that a
/// handler still holds after its time is stuck and another one is added for it, up to a bound.
public final class HandlerThreads: TaskExecutor {
  /// Threads that stuck handlers may cost. When these and the first ones are all held, nothing can run any more.
  public static let compensationMax = 32
  private static let stackBytes = 1 << 20

  private struct Slot {
    /// The run whose job the thread is in.
    var run: HandlerRun?
    /// Counts the thread's jobs.
    var job: UInt64 = 0
    /// The job of an overdue run that the last look has seen here.
    var seenJob: UInt64?
    var isStuck = false
  }

  private struct State {
    var jobs: [(job: UnownedJob, run: HandlerRun?)] = []
    var head = 0
    var slots: [Int: Slot] = [:]
    var nextSlot = 0
    /// Threads that should end once they have nothing to do.
    var surplus = 0
    var stuck = 0
    /// Runs whose time is up and that have not ended.
    var overdue = 0
  }

  private let state = ThreadMailbox(State())
  private let count: Int

  /// A simulation runs everything in its own order, handlers too.
  private let substitute: (any TaskExecutor)?

  public init(count: Int) {
    substitute = nil
    self.count = max(count, 1)
    for _ in 0..<self.count { addThread() }
  }

  /// Runs handlers where somebody else says, without threads.
  public init(on executor: any TaskExecutor) {
    substitute = executor
    count = 1
  }

  /// Threads that handlers have not given back although their time is up.
  public var stuck: Int { state.withLock { $0.stuck } }

  /// Every thread is stuck and no more may be added: no handler can run until one of them ends.
  public var isExhausted: Bool {
    guard substitute == nil else { return false }
    return state.withLock { $0.stuck >= count + HandlerThreads.compensationMax }
  }

  /// False in a simulation, where no thread can be held.
  var areOwn: Bool { substitute == nil }

  /// Runs have not ended although their time is up.
  var hasOverdue: Bool { state.withLock { $0.overdue > 0 } }

  public func enqueue(_ job: consuming ExecutorJob) {
    if let substitute { return substitute.enqueue(job) }
    add(UnownedJob(job), of: nil)
  }

  fileprivate func add(_ job: UnownedJob, of run: HandlerRun?) {
    state.update { $0.jobs.append((job, run)) }
  }

  /// What the tasks of a run prefer: jobs that are known to be the run's, or the substitute.
  func executor(for run: HandlerRun) -> any TaskExecutor { substitute == nil ? run : self }

  /// The time of a run is up and it has not ended.
  func isOverdue(_ run: HandlerRun, since: Timestamp) {
    state.withLock { state in
      guard run.markOverdue(since) else { return }
      state.overdue += 1
    }
  }

  /// The run has ended, in time or not.
  func ended(_ run: HandlerRun) {
    state.withLock { state in
      if run.markEnded() { state.overdue -= 1 }
    }
  }

  /// One look at the threads. A thread that is in the same job of an overdue run as at the last look is stuck: a handler that
  /// only needs a moment to notice its cancellation is not.
  ///
  /// - Returns: the runs that hold stuck threads, one for each, and whether another look must follow.
  func look() -> (stuck: [HandlerRun], goesOn: Bool) {
    guard substitute == nil else { return ([], false) }
    let (stuck, added, goesOn) = state.withLock { state in
      var stuck: [(slot: Int, run: HandlerRun)] = []
      for (number, slot) in state.slots {
        guard let run = slot.run, run.isOverdue else { continue }
        if !slot.isStuck, slot.seenJob == slot.job {
          state.slots[number]?.isStuck = true
          state.stuck += 1
        }
        state.slots[number]?.seenJob = slot.job
        if slot.isStuck || slot.seenJob == slot.job { stuck.append((number, run)) }
      }
      let wanted = count + min(state.stuck, HandlerThreads.compensationMax)
      let added = max(0, wanted - state.slots.count)
      state.surplus = max(0, state.slots.count - wanted)
      return (stuck.sorted { $0.slot < $1.slot }.map(\.run), added, state.overdue > 0 || state.stuck > 0)
    }
    for _ in 0..<added { addThread() }
    return (stuck, goesOn)
  }

  private func addThread() {
    let slot = state.withLock { state in
      state.nextSlot += 1
      state.slots[state.nextSlot] = Slot()
      return state.nextSlot
    }
    if SystemThread.start(stackBytes: HandlerThreads.stackBytes, { [self] in work(slot) }) { return }
    // The system has no room. Without the first threads nothing runs; a later look asks for the others again.
    let isFirst = state.withLock { state in
      state.slots[slot] = nil
      return state.slots.count < count
    }
    precondition(!isFirst, "a thread for handlers cannot be made")
  }

  private enum Next {
    case run(UnownedJob, HandlerRun?)
    case end
  }

  private func work(_ slot: Int) {
    while case .run(let job, let run) = state.wait({ HandlerThreads.next(&$0, slot) }) {
      job.runSynchronously(on: run?.asUnownedTaskExecutor() ?? asUnownedTaskExecutor())
    }
  }

  private static func next(_ state: inout State, _ slot: Int) -> Next? {
    leave(&state, slot)
    if state.surplus > 0 {
      state.surplus -= 1
      state.slots[slot] = nil
      return .end
    }
    guard state.head < state.jobs.count else { return nil }
    let (job, run) = state.jobs[state.head]
    state.head += 1
    if state.head == state.jobs.count {
      state.jobs.removeAll(keepingCapacity: true)
      state.head = 0
    } else if state.head >= 1024 {
      state.jobs.removeFirst(state.head)
      state.head = 0
    }
    state.slots[slot]?.run = run
    state.slots[slot]?.job += 1
    return .run(job, run)
  }

  private static func leave(_ state: inout State, _ number: Int) {
    guard let slot = state.slots[number], slot.run != nil else { return }
    if slot.isStuck {
      state.stuck -= 1
      // The thread that was added for this one is not needed any more. Threads beyond the bound were never added.
      if state.stuck < compensationMax { state.surplus += 1 }
    }
    state.slots[number]?.run = nil
    state.slots[number]?.isStuck = false
    state.slots[number]?.seenJob = nil
  }
}

/// One run of a handler: the executor of its tasks, so that its threads are known.
final class HandlerRun: TaskExecutor {
  private struct State {
    var begunAt: Duration?
    var overdueSince: Timestamp?
    var hasEnded = false
  }

  let handler: String
  let operation: String
  private let threads: HandlerThreads
  private let state = Mutex(State())

  init(_ threads: HandlerThreads, handler: String, operation: String) {
    self.threads = threads
    self.handler = handler
    self.operation = operation
  }

  func enqueue(_ job: consuming ExecutorJob) { threads.add(UnownedJob(job), of: self) }

  func begin(at uptime: Duration) { state.withLock { $0.begunAt = uptime } }

  /// When the handler got a thread, by the clock's uptime; `nil` while it waits for one.
  var begunAt: Duration? { state.withLock { $0.begunAt } }

  var overdueSince: Timestamp? { state.withLock { $0.overdueSince } }

  var isOverdue: Bool { overdueSince != nil }

  /// - Returns: false when the run has ended or was overdue before.
  fileprivate func markOverdue(_ since: Timestamp) -> Bool {
    state.withLock { state in
      guard !state.hasEnded, state.overdueSince == nil else { return false }
      state.overdueSince = since
      return true
    }
  }

  /// - Returns: true when the run was overdue.
  fileprivate func markEnded() -> Bool {
    state.withLock { state in
      state.hasEnded = true
      return state.overdueSince != nil
    }
  }
}
