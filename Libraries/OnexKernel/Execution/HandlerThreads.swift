import Glibc
import Synchronization

/// The threads that handlers run on.
///
/// A handler is somebody else's code: it may compute for long or block. On Swift's own pool, which has a thread a core, two
/// such handlers would stop the whole process, health endpoint's data, timers and all. Here they only hold threads of their
/// own; when one overstays its time, `compensate` adds another, up to a bound.
public final class HandlerThreads: TaskExecutor {
  /// Threads that stuck handlers may cost before the process reports that it needs a restart.
  public static let compensationMax = 32

  private struct State {
    var jobs: [UnownedJob] = []
    var head = 0
    var threads = 0
    /// Threads that should end once they have nothing to do.
    var surplus = 0
    var stuck = 0
  }

  private let state = Mutex(State())
  private let signal = ThreadSignal()

  public init(count: Int) {
    for _ in 0..<max(count, 1) { addThread() }
  }

  /// How many handlers have overstayed and still hold their thread.
  public var stuck: Int { state.withLock { $0.stuck } }

  public func enqueue(_ job: consuming ExecutorJob) {
    let unowned = UnownedJob(job)
    state.withLock { $0.jobs.append(unowned) }
    signal.notify()
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
    state.withLock { state in
      if state.stuck <= HandlerThreads.compensationMax { state.surplus += 1 }
      state.stuck -= 1
    }
    signal.notify()
  }

  private func addThread() {
    state.withLock { $0.threads += 1 }
    let arguments = Unmanaged.passRetained(self)
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    // Resident memory is what is touched; the reservation itself costs nothing.
    pthread_attr_setstacksize(&attributes, 1 << 20)
    var thread = pthread_t()
    let status = pthread_create(
      &thread, &attributes,
      { pointer in
        Unmanaged<HandlerThreads>.fromOpaque(pointer!).takeRetainedValue().work()
        return nil
      }, arguments.toOpaque())
    pthread_attr_destroy(&attributes)
    precondition(status == 0, "a thread for handlers cannot be made: error \(status)")
  }

  private enum Next {
    case run(UnownedJob)
    case wait, end
  }

  private func work() {
    while true {
      // Read before looking: a job that arrives in between changes it, and the wait returns at once.
      let seen = signal.generation
      switch next() {
      case .run(let job): job.runSynchronously(on: asUnownedTaskExecutor())
      case .wait: signal.wait(since: seen)
      case .end: return
      }
    }
  }

  private func next() -> Next {
    state.withLock { state in
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
      return .wait
    }
  }
}
