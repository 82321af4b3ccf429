import OnexCore
import Synchronization

/// Runs tasks one at a time in an order drawn from a seed, and moves a virtual clock on when nothing else can happen. What runs on it
/// runs the same way every time the seed is the same.
///
/// Tasks stay on it through structured concurrency: `run` starts the first one with this executor as its preference, and child tasks
/// inherit that.
public final class SimulationExecutor: TaskExecutor {
  private struct State {
    var jobs: [UnownedJob] = []
    var random: SplitMix
    var steps = 0
    /// Of the choices made so far: two runs with the same trace did the same.
    var trace: UInt64 = 0
  }

  public enum Ending: Sendable, Equatable {
    case finished
    /// Tasks wait for each other, and no clock can wake them.
    case stuck
    /// The bound on steps or on virtual time was reached.
    case endless
  }

  private let state: Mutex<State>
  public let clock: VirtualClock
  private let stepsMax: Int
  private let timeMax: Duration

  public init(seed: UInt64, clock: VirtualClock, stepsMax: Int = 2_000_000, timeMax: Duration = .seconds(3600)) {
    state = Mutex(State(random: SplitMix(seed: seed)))
    self.clock = clock
    self.stepsMax = stepsMax
    self.timeMax = timeMax
  }

  public var trace: UInt64 { state.withLock { $0.trace } }
  public var steps: Int { state.withLock { $0.steps } }

  public func enqueue(_ job: consuming ExecutorJob) {
    let unowned = UnownedJob(job)
    state.withLock { $0.jobs.append(unowned) }
  }

  /// Runs `body` and everything it starts to the end, on the calling thread.
  public func run(_ body: @escaping @Sendable () async -> Void) -> Ending {
    let flag = Flag()
    Task(executorPreference: self) {
      await body()
      flag.set()
    }
    while !flag.isSet {
      if let job = next() {
        job.runSynchronously(on: asUnownedTaskExecutor())
      } else if let wake = clock.nextWake {
        guard wake <= timeMax else { return .endless }
        clock.advance(by: max(wake - clock.uptime(), .zero))
      } else {
        return .stuck
      }
      if steps >= stepsMax { return .endless }
    }
    return .finished
  }

  private func next() -> UnownedJob? {
    state.withLock { state in
      guard !state.jobs.isEmpty else { return nil }
      let index = state.jobs.count == 1 ? 0 : state.random.next(below: state.jobs.count)
      state.steps += 1
      state.trace = (state.trace &* 0x100_0000_01B3) ^ UInt64(index + 1)
      // Order matters to those who stay: the choice must mean the same in the next run.
      return state.jobs.remove(at: index)
    }
  }

  private final class Flag: Sendable {
    private let state = Atomic<Bool>(false)
    var isSet: Bool { state.load(ordering: .acquiring) }
    func set() { state.store(true, ordering: .releasing) }
  }
}
