import OnexCore
import OnexPostgres
import OnexService

/// Looks once a second whether everything is as it should be, and says so where it is not: also while no record comes.
struct ConsumerMonitor: Sendable {
  static let interval: Duration = .seconds(1)
  private static let runbook = "docs/runbooks/agent-actions-consumer.md"

  let consumer: any EventConsumer
  let store: any RowStore
  let tables: [ObservabilityTable]
  let pulse: Pulse
  let gate: InsertGate
  let watch: DependencyWatch
  let metrics: ObservabilityMetrics
  let health: HealthState
  let clock: any RuntimeClock
  let pollMax: Duration
  let writeMax: Duration

  /// Until the task is cancelled.
  func run() async {
    var staleness = Staleness(pollMax: pollMax, writeMax: writeMax, startedAt: clock.uptime())
    var labelled: Set<TopicPartition> = []
    while !Task.isCancelled {
      await checkDatabase()
      let lag = consumer.lag()
      for gone in labelled.subtracting(lag.keys) { metrics.lag(gone, 0) }
      for (partition, records) in lag { metrics.lag(partition, records) }
      labelled = Set(lag.keys)
      let (polled, settled, _) = pulse.read()
      let total = lag.values.reduce(0, +)
      show(staleness.judge(at: clock.uptime(), lastPoll: polled, lastSettled: settled, lag: total))
      try? await clock.sleep(for: ConsumerMonitor.interval)
    }
  }

  /// Asks the database whether it would take rows. While rows are being written the writer knows better.
  func checkDatabase() async {
    guard !pulse.read().isWriting else { return }
    let started = clock.uptime()
    do throws(PostgresError) {
      for table in tables { try await store.check(table) }
      watch.databaseSucceeded(latency: clock.uptime() - started)
    } catch {
      if error.code != .cancelled, error.code != .closed { watch.databaseFailed(error) }
    }
  }

  private func show(_ verdict: Staleness.Verdict) {
    show("POLL_STALE", verdict.isPollStale, "the broker was not polled for more than \(pollMax)")
    show("WRITES_STALE", verdict.isWriteStale, "records wait and nothing was written for more than \(writeMax)")
    show("CIRCUIT_OPEN", gate.isOpen, "writes failed repeatedly; the next attempt waits for the circuit breaker")
  }

  private func show(_ code: String, _ isRaised: Bool, _ message: String) {
    if isRaised {
      health.raise(code, message: message, runbook: ConsumerMonitor.runbook, blocksReadiness: false)
    } else {
      health.clear(code)
    }
  }
}
