import OnexCore
import OnexPostgres
import OnexService
import Synchronization

/// Consumes the observability topics into their tables.
///
/// One task polls and gathers in a buffer; others, a bounded number of them, write what has gathered. Offsets are stored only for what
/// is committed or dead-lettered, and only without a gap, so that a crash anywhere repeats rows, which the tables ignore, and loses none.
final class ObservabilityConsumer: Sendable {
  struct Parts: Sendable {
    let consumer: any EventConsumer
    let producer: any EventProducer
    let store: any RowStore
    let tables: [ObservabilityTable]
    /// Batches that are written at the same time.
    let writersMax: Int
    let group: String
    let limits: BatchLimits
    let breaker: CircuitBreakerPolicy
    let policy: DecodingPolicy
    let pollStalenessMax: Duration
    let writeStalenessMax: Duration
    let context: ServiceContext
  }

  private static let joining = "JOINING_GROUP"
  static let recordsSkippedReason = "RECORDS_SKIPPED"
  /// Of one poll at most; the buffer's bounds can be exceeded by as much.
  private static let pollRecordsMax = 1000
  private static let pollBytesMax = 1 << 20
  /// How long a full buffer waits for its writers before partitions are paused: what was fetched of a paused partition is fetched again.
  private static let roomWaitMax: Duration = .milliseconds(500)
  private static let roomWaitStep: Duration = .milliseconds(2)
  private static let pollWait: Duration = .milliseconds(100)
  /// While something waits for the writer to finish.
  private static let pollWaitUrgent: Duration = .milliseconds(10)

  private let parts: Parts
  private let buffer: Mutex<RecordBuffer>
  private let producerFailure = Mutex<EventBusError?>(nil)
  private let metrics: ObservabilityMetrics
  private let watch: DependencyWatch
  /// By topic.
  private let targets: [String: WriteTarget]
  private let pulse: Pulse
  private let skips = SkippedRecords()
  private let databaseClock = DatabaseClock()
  private let work: AsyncStream<Void>
  private let wake: AsyncStream<Void>.Continuation

  private var context: ServiceContext { parts.context }
  private var clock: any RuntimeClock { parts.context.clock }

  init(_ parts: Parts) {
    self.parts = parts
    buffer = Mutex(
      RecordBuffer(
        parts.limits,
        topics: Dictionary(
          uniqueKeysWithValues: parts.tables.map { ($0.topic, $0.rule == .keepFirst ? parts.writersMax : 1) })))
    metrics = ObservabilityMetrics(parts.context.metrics)
    watch = DependencyWatch(health: parts.context.health, logger: parts.context.logger)
    targets = Dictionary(uniqueKeysWithValues: parts.tables.map { ($0.topic, WriteTarget($0, parts.breaker)) })
    pulse = Pulse(parts.context.clock.uptime())
    // One wake-up is as good as many.
    (work, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    parts.context.health.raise(
      ObservabilityConsumer.joining, message: "waiting for the consumer group \(parts.group) to assign partitions",
      blocksReadiness: true)
  }

  /// Looks once whether the database is there. If it is not, health says so and `run` looks again.
  func checkDatabase() async { await monitor.checkDatabase() }

  /// Works until shutdown is requested and everything taken is settled. While the database is away that cannot be: what is
  /// not written then stays in the log.
  ///
  /// - Throws: `ServiceFailure` when the event bus has failed for good.
  func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await self.writeBatches() }
      group.addTask { await self.monitor.run() }
      defer {
        wake.finish()
        group.cancelAll()
      }
      try await pollUntilDone()
    }
    await parts.consumer.close()
    await parts.producer.close(timeout: .seconds(5))
    await parts.store.close()
  }

  private var monitor: ConsumerMonitor {
    ConsumerMonitor(
      consumer: parts.consumer, store: parts.store, targets: parts.tables.compactMap { targets[$0.topic] }, pulse: pulse,
      watch: watch, metrics: metrics, health: context.health, clock: clock,
      databaseClock: databaseClock, pollMax: parts.pollStalenessMax,
      writeMax: parts.writeStalenessMax, skips: skips,
      oldestPending: { [self] in buffer.withLock { $0.oldestPending } })
  }

  private var isDatabaseAway: Bool { watch.isAway(.database) }

  // MARK: Polling

  private func pollUntilDone() async throws {
    var revocations = Revocations()
    while !Task.isCancelled {
      if let error = producerFailure.withLock({ $0 }) {
        throw ServiceFailure.internalError("the event bus's producer failed for good: \(error)")
      }
      let isDraining = context.shutdown.isRequested
      if isDraining, isDrained() { return }
      if !isDraining { await waitForRoom() }
      adjustFlow(isDraining: isDraining)
      let isUrgent = isDraining || !revocations.isEmpty
      let limit = PollLimit(
        records: ObservabilityConsumer.pollRecordsMax, bytes: ObservabilityConsumer.pollBytesMax,
        wait: isUrgent ? ObservabilityConsumer.pollWaitUrgent : ObservabilityConsumer.pollWait)
      let events = await parts.consumer.poll(limit)
      pulse.polled(clock.uptime())
      for event in events { try handle(event, &revocations) }
      giveUp(&revocations)
      wake.yield()
    }
  }

  /// Everything taken is settled, or cannot be.
  private func isDrained() -> Bool {
    let pending = buffer.withLock { $0.pending }
    context.health.draining(inFlight: pending)
    if pending > 0, isDatabaseAway || buffer.withLock({ $0.isStuck }) {
      context.logger.warning(
        "ending with records in flight that cannot be written; they stay in the log", ["records": .integer(pending)])
      return true
    }
    return pending == 0
  }

  private func waitForRoom() async {
    let deadline = clock.uptime() + ObservabilityConsumer.roomWaitMax
    while buffer.withLock({ $0.isBusy }), clock.uptime() < deadline, !Task.isCancelled {
      wake.yield()
      try? await clock.sleep(for: ObservabilityConsumer.roomWaitStep)
    }
  }

  private func adjustFlow(isDraining: Bool) {
    let isStopped = isDraining || isDatabaseAway
    let (change, pending) = buffer.withLock { ($0.adjustFlow(isStopped: isStopped), $0.pending) }
    if !change.pause.isEmpty { parts.consumer.pause(change.pause) }
    if !change.resume.isEmpty { parts.consumer.resume(change.resume) }
    metrics.pending.set(pending)
  }

  private func handle(_ event: ConsumerEvent, _ revocations: inout Revocations) throws {
    let now = clock.uptime()
    switch event {
    case .records(let records):
      buffer.withLock { $0.take(records, at: now) }
    case .assigned(let partitions):
      buffer.withLock { $0.assign(partitions) }
      context.health.clear(ObservabilityConsumer.joining)
      brokerAnswers()
      context.logger.info("partitions assigned", ["added": .integer(partitions.count), "total": .integer(showAssigned())])
    case .revoking(let partitions):
      buffer.withLock { $0.revoke(partitions) }
      revocations.add(partitions, at: now)
    case .lost(let partitions):
      buffer.withLock { $0.remove(partitions) }
      context.logger.warning("partitions lost", ["count": .integer(partitions.count), "total": .integer(showAssigned())])
    case .fault(let error) where error.isFatal:
      throw ServiceFailure.internalError("the event bus failed for good: \(error)")
    case .fault(let error):
      watch.failed(ObservabilityConsumer.dependency(error), error.description)
    case .skipped(let partition, let from, let to):
      recordsSkipped(partition, from: from, to: to)
    case .wentBack(let partition, let from, let to):
      logWentBack(partition, from: from, to: to)
    case .recovered:
      brokerAnswers()
    }
  }

  private static func dependency(_ error: EventBusError) -> DependencyWatch.Dependency {
    switch error.code {
    case .unknownTopic: .topics
    case .authorization: .permission
    default: .broker
    }
  }

  private func brokerAnswers() {
    watch.succeeded(.broker)
    watch.succeeded(.topics)
    watch.succeeded(.permission)
  }

  /// Records from `from` up to, and not including, `to` were deleted (retention, `DeleteRecords`) before this group read them.
  func recordsSkipped(_ partition: TopicPartition, from: Int64, to: Int64) {
    let (difference, overflow) = to.subtractingReportingOverflow(from)
    let count = overflow ? .max : max(difference, 0)
    metrics.skipped(partition, count)
    context.logger.warning(
      "records were deleted before they were read",
      [
        "topic": .string(partition.topic), "partition": .integer(Int(partition.partition)), "from": .integer(Int(from)),
        "to": .integer(Int(to)), "count": .integer(Int(count)),
      ])
    let message = skips.add(partition, count, at: clock.uptime())
    context.health.raise(ObservabilityConsumer.recordsSkippedReason, message: message, blocksReadiness: false)
  }

  /// The topic was made again, or its log lost its end: reading goes on at `to`, below what was read. What was read is still written.
  func logWentBack(_ partition: TopicPartition, from: Int64, to: Int64) {
    buffer.withLock { $0.restart(partition) }
    context.logger.error(
      "the log went back: its topic was made again, or has lost its end",
      [
        "topic": .string(partition.topic), "partition": .integer(Int(partition.partition)), "from": .integer(Int(from)),
        "to": .integer(Int(to)),
      ])
  }

  private func giveUp(_ revocations: inout Revocations) {
    guard !revocations.isEmpty else { return }
    let due = revocations.due(at: clock.uptime(), isHopeless: isDatabaseAway) { partitions in
      buffer.withLock { $0.isDrained(partitions) }
    }
    for partitions in due {
      buffer.withLock { $0.remove(partitions) }
      parts.consumer.completeRevocation(partitions)
      context.logger.info("partitions revoked", ["count": .integer(partitions.count), "total": .integer(showAssigned())])
    }
  }

  @discardableResult
  private func showAssigned() -> Int {
    let count = buffer.withLock { $0.assigned.count }
    metrics.assigned.set(count)
    context.health.check("partitions", state: count > 0 ? .up : .standingBy)
    return count
  }

  // MARK: Writing

  /// Until the signal to work is finished, or the task cancelled.
  private func writeBatches() async {
    let letters = DeadLetterPublisher(
      producer: parts.producer, group: parts.group, watch: watch, metrics: metrics, logger: context.logger, clock: clock
    ) { [self] error in
      producerFailure.withLock { $0 = error }
    }
    let writer = BatchWriter(
      store: parts.store, deadLetters: letters, watch: watch, metrics: metrics, clock: clock, policy: parts.policy,
      threads: DecodingThreads(parts.writersMax), databaseClock: databaseClock)
    await withDiscardingTaskGroup { group in
      for await _ in work {
        while let batch = nextBatch() {
          group.addTask { [self] in
            await write(batch, writer)
            pulse.endedWriting()
            // There may be more, and now there is somebody to write it.
            wake.yield()
          }
        }
      }
      group.cancelAll()
    }
  }

  private func nextBatch() -> RecordBatch? {
    guard pulse.read().writing < parts.writersMax else { return nil }
    let now = clock.uptime()
    guard let batch = buffer.withLock({ $0.nextBatch(at: now) }) else { return nil }
    pulse.beganWriting()
    return batch
  }

  private func write(_ batch: RecordBatch, _ writer: BatchWriter) async {
    guard let target = targets[batch.topic] else { preconditionFailure("only the topics of tables are subscribed to") }
    switch await writer.write(batch, into: target) {
    case .settled: settle(batch)
    case .failed(let delay):
      let time = clock.uptime() + delay
      buffer.withLock { $0.putBack(batch, until: time) }
    }
  }

  private func settle(_ batch: RecordBatch) {
    buffer.withLock { buffer in
      let next = buffer.settle(batch)
      guard !next.isEmpty else { return }
      pulse.settled(next.keys, clock.uptime())
      do throws(EventBusError) {
        // Inside the lock: a partition that counts as drained has its offsets stored.
        try parts.consumer.storeOffsets(next)
      } catch {
        // Taken away at this very moment. The next owner reads the rows again, and the table ignores them.
        context.logger.debug("offsets were not stored", ["error": .text(error)])
      }
    }
  }
}
