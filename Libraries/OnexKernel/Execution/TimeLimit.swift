import OnexCore
import Synchronization

/// Runs code that may never end, for a limited time.
///
/// A structured child must be waited for, and a handler that ignores cancellation would then hold its record for ever. So the
/// work is a task of its own that is cancelled when its time is up, and abandoned when it does not heed that.
struct TimeLimit: Sendable {
  let threads: HandlerThreads
  let stuck: StuckHandlers
  let clock: any RuntimeClock

  enum Ended<Value: Sendable>: Sendable {
    case returned(Value)
    case threw(any Error)
    case timedOut
    case deadlinePassed
    case cancelled
  }

  /// Runs the work. Its time begins when it gets a thread: waiting for one is not the handler's doing. The deadline counts in any
  /// case, and work that has no thread by then is not done at all.
  ///
  /// - Parameters:
  ///   - limit: what the work may take.
  ///   - deadline: by the clock's uptime.
  /// - Returns: when the work ends, its time is up or the calling task is cancelled, whichever is first.
  func run<Value: Sendable>(
    _ run: HandlerRun, for limit: Duration, until deadline: Duration?, _ work: @escaping @Sendable () async throws -> Value
  ) async -> Ended<Value> {
    let race = Race<Value>()
    let task = Task(executorPreference: threads.executor(for: run)) { [threads, clock] in
      run.begin(at: clock.uptime())
      guard race.isOpen else { return threads.ended(run) }
      let ended: Ended<Value>
      do { ended = .returned(try await work()) } catch { ended = .threw(error) }
      _ = race.finish(ended)
      threads.ended(run)
    }
    let ended = await withTaskGroup(of: Void.self) { group in
      group.addTask {
        guard let ended: Ended<Value> = await timeUp(run, limit, deadline) else { return }
        if race.finish(ended) { stuck.add(run) }
      }
      let ended = await withTaskCancellationHandler {
        await race.result()
      } onCancel: {
        if race.finish(.cancelled) { stuck.add(run) }
      }
      group.cancelAll()
      return ended
    }
    task.cancel()
    return ended
  }

  /// - Returns: `nil` when the task was cancelled first.
  private func timeUp<Value>(_ run: HandlerRun, _ limit: Duration, _ deadline: Duration?) async -> Ended<Value>? {
    var wake = clock.uptime() + limit
    while true {
      if let deadline { wake = min(wake, deadline) }
      try? await clock.sleep(untilUptime: wake)
      if Task.isCancelled { return nil }
      let now = clock.uptime()
      if let deadline, deadline <= now { return .deadlinePassed }
      let due = (run.begunAt ?? now) + limit
      if due <= now { return .timedOut }
      wake = due
    }
  }
}

/// The first result counts.
private final class Race<Value: Sendable>: Sendable {
  private enum State {
    case running
    case awaited(CheckedContinuation<TimeLimit.Ended<Value>, Never>)
    case ended(TimeLimit.Ended<Value>)
    case taken
  }

  private let state = Mutex(State.running)

  /// No result has come yet.
  var isOpen: Bool {
    state.withLock { state in
      switch state {
      case .running, .awaited: true
      case .ended, .taken: false
      }
    }
  }

  /// - Returns: false when another result was first.
  func finish(_ ended: TimeLimit.Ended<Value>) -> Bool {
    let (isFirst, continuation) = state.withLock { state in
      switch state {
      case .running:
        state = .ended(ended)
        return (true, CheckedContinuation<TimeLimit.Ended<Value>, Never>?.none)
      case .awaited(let continuation):
        state = .taken
        return (true, continuation)
      case .ended, .taken:
        return (false, nil)
      }
    }
    continuation?.resume(returning: ended)
    return isFirst
  }

  func result() async -> TimeLimit.Ended<Value> {
    await withCheckedContinuation { continuation in
      let ended: TimeLimit.Ended<Value>? = state.withLock { state in
        switch state {
        case .ended(let ended):
          state = .taken
          return ended
        case .running:
          state = .awaited(continuation)
          return nil
        case .awaited, .taken:
          preconditionFailure("a race has one result and one reader")
        }
      }
      if let ended { continuation.resume(returning: ended) }
    }
  }
}
