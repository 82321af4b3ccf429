import OnexCore
import Synchronization

/// Runs code that may never end, for a limited time.
///
/// A structured child must be waited for, and a handler that ignores cancellation would then hold its record for ever. So the
/// work is a task of its own that is cancelled when its time is up, and abandoned when it does not heed that.
struct TimeLimit: Sendable {
  let threads: HandlerThreads
  let clock: any RuntimeClock

  enum Ended<Value: Sendable>: Sendable {
    case returned(Value)
    case threw(any Error)
    case timedOut
    case cancelled
  }

  /// - Returns: when the work ends, its time is up or the calling task is cancelled, whichever is first.
  func run<Value: Sendable>(
    for limit: Duration, _ work: @escaping @Sendable () async throws -> Value
  ) async -> Ended<Value> {
    let race = Race<Value>()
    let task = Task(executorPreference: threads) {
      let ended: Ended<Value>
      do { ended = .returned(try await work()) } catch { ended = .threw(error) }
      if !race.finish(ended) { threads.recovered() }
    }
    let ended = await withTaskGroup(of: Void.self) { group in
      group.addTask {
        try? await clock.sleep(for: limit)
        if !Task.isCancelled, race.finish(.timedOut) { threads.compensate() }
      }
      let ended = await withTaskCancellationHandler {
        await race.result()
      } onCancel: {
        if race.finish(.cancelled) { threads.compensate() }
      }
      group.cancelAll()
      return ended
    }
    task.cancel()
    return ended
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
