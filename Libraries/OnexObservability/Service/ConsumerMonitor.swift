import OnexCore
import OnexPostgres
import OnexService

/// Looks once a second at the database, at lag and at progress, and raises what is wrong as reasons: also while no record comes.
struct ConsumerMonitor: Sendable {
  static let interval: Duration = .seconds(1)
  /// Of those that do not move, named in a reason.
  private static let namedMax = 5

  let consumer: any EventConsumer
  let store: any RowStore
  let targets: [WriteTarget]
  let pulse: Pulse
  let watch: DependencyWatch
  let metrics: ObservabilityMetrics
  let health: HealthState
  let clock: any RuntimeClock
  let databaseClock: DatabaseClock
  let pollMax: Duration
  let writeMax: Duration
  let skips: SkippedRecords
  let oldestPending: @Sendable () -> [TopicPartition: Timestamp]

  /// Until the task is cancelled.
  func run() async {
    var staleness = Staleness(pollMax: pollMax, writeMax: writeMax)
    var labelled: Set<TopicPartition> = []
    while !Task.isCancelled {
      await checkDatabase()
      let lag = consumer.lag()
      let oldest = oldestPending()
      for gone in labelled.subtracting(lag.keys) {
        metrics.lag(gone, 0)
        metrics.age(gone, .zero)
      }
      for (partition, records) in lag {
        metrics.lag(partition, records)
        metrics.age(partition, oldest[partition].map { Age.of($0, at: clock.now()) } ?? .zero)
      }
      labelled = Set(lag.keys)
      let reading = pulse.read()
      show(staleness.judge(at: clock.uptime(), lastPoll: reading.polled, settled: reading.settled, lag: lag))
      try? await clock.sleep(for: ConsumerMonitor.interval)
    }
  }

  /// Asks the database whether it would take rows. While rows are being written the writers know better.
  func checkDatabase() async {
    guard pulse.read().writing == 0 else { return }
    for target in targets {
      let started = clock.uptime()
      do throws(PostgresError) {
        databaseClock.showed(try await store.check(target.table), at: clock.now())
        // What a writer has just been told weighs more than that the table is there.
        if target.gate.isFailing(at: clock.uptime()) { continue }
        watch.databaseSucceeded(target.table.name, latency: clock.uptime() - started)
      } catch {
        guard error.code != .cancelled, error.code != .closed else { return }
        watch.databaseFailed(target.table.name, error)
        // One that is away is away for all of them.
        if error.code != .statement || error.isOutage { return }
      }
    }
  }

  private func show(_ verdict: Staleness.Verdict) {
    if skips.isOver(at: clock.uptime()) { health.clear(ObservabilityConsumer.recordsSkippedReason) }
    show("POLL_STALE", verdict.isPollStale, "the broker was not polled for more than \(pollMax)")
    let stale = verdict.stalePartitions
    let named = stale.prefix(ConsumerMonitor.namedMax).map(\.description).joined(separator: ", ")
    let others = stale.count > ConsumerMonitor.namedMax ? " and \(stale.count - ConsumerMonitor.namedMax) others" : ""
    show(
      "WRITES_STALE", !stale.isEmpty, "records wait and nothing was written for more than \(writeMax) of \(named)\(others)")
    let open = targets.filter(\.gate.isOpen).map(\.table.name).joined(separator: ", ")
    show(
      "CIRCUIT_OPEN", !open.isEmpty, "writes failed repeatedly; the next attempt waits for the circuit breaker of \(open)")
  }

  private func show(_ code: String, _ isRaised: Bool, _ message: String) {
    if isRaised {
      health.raise(code, message: message, blocksReadiness: false)
    } else {
      health.clear(code)
    }
  }
}

/// The age of something whose time comes from outside.
enum Age {
  /// Zero for a time in the future, and the nearest number for one that is too far away.
  static func of(_ time: Timestamp, at now: Timestamp) -> Duration {
    let (age, overflow) = now.microseconds.subtractingReportingOverflow(time.microseconds)
    return .microseconds(overflow ? (time.microseconds < 0 ? .max : 0) : max(age, 0))
  }
}
