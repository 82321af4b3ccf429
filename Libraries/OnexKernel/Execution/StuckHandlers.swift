import OnexCore
import OnexService
import Synchronization

/// Watches handlers that have not ended after their time, and says which hold a thread: as a health reason, and one log line for
/// each change. Looks only while there are such handlers.
final class StuckHandlers: Sendable {
  static let reason = "HANDLERS_STUCK"
  /// A thread is stuck that two looks have found in the same job.
  static let lookInterval = Duration.milliseconds(250)
  private static let namedMax = 8

  private struct State {
    var isLooking = false
    var reported: [String] = []
  }

  private let threads: HandlerThreads
  private let context: ServiceContext
  private let state = Mutex(State())

  init(_ threads: HandlerThreads, _ context: ServiceContext) {
    self.threads = threads
    self.context = context
  }

  /// The time of the run is up.
  func add(_ run: HandlerRun) {
    guard threads.areOwn else { return }
    threads.isOverdue(run, since: context.clock.now())
    let begins = state.withLock { state in
      defer { state.isLooking = true }
      return !state.isLooking
    }
    guard begins else { return }
    Task { await self.watch() }
  }

  private func watch() async {
    while true {
      let (stuck, goesOn) = threads.look()
      report(stuck)
      let ends = state.withLock { state in
        // Asked again inside the lock: a run that became overdue since the look has found this watch looking.
        guard !goesOn, stuck.isEmpty, !threads.hasOverdue else { return false }
        state.isLooking = false
        return true
      }
      if ends { return }
      try? await context.clock.sleep(for: StuckHandlers.lookInterval)
    }
  }

  private func report(_ stuck: [HandlerRun]) {
    let holders = stuck.map { run in
      "\(run.handler) (\(run.operation)) since \(run.overdueSince?.rfc3339 ?? "")"
    }
    let last = state.withLock { state in
      defer { state.reported = holders }
      return state.reported
    }
    guard holders != last else { return }
    guard !holders.isEmpty else {
      context.health.clear(StuckHandlers.reason)
      context.logger.info("no handler holds a thread after its time any more")
      return
    }
    let named = holders.prefix(StuckHandlers.namedMax).joined(separator: ", ")
    let more = holders.count > StuckHandlers.namedMax ? " and \(holders.count - StuckHandlers.namedMax) more" : ""
    let message =
      "\(holders.count) threads are held by handlers that have not ended after their time: \(named)\(more); "
      + "beyond \(HandlerThreads.compensationMax) no more threads are added for them"
    context.health.raise(
      StuckHandlers.reason, message: message, blocksReadiness: stuck.count >= HandlerThreads.compensationMax)
    context.logger.warning(
      "handlers hold threads after their time", ["count": .integer(holders.count), "handlers": .string(named + more)])
  }
}
