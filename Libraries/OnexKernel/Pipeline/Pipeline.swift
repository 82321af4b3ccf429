import OnexCore
import OnexService
import Synchronization

/// The one shape of every consumer: consume, decide, commit, publish, store offsets.
///
/// Four tasks share the work. The intake polls, decides and hands settlements on; the runner runs handlers whose turn has come; the
/// settler commits and sends everything that has gathered meanwhile; the acknowledger stores the offsets of what the broker has
/// acknowledged. A crash anywhere loses nothing: offsets move only over what is committed and published.
public final class Pipeline: Sendable {
  public struct Parts: Sendable {
    public var consumer: any EventConsumer
    public var producer: any EventProducer
    public var store: any Store
    /// For a role that keeps streams and timers.
    public var streams: Streams?
    /// The consumer group; names the consumer in the store and in dead letters.
    public var group: String
    public var limits: PipelineLimits
    public var outputBytesMax: Int
    public var responseTopic: String
    public var runner: HandlerRunner
    public var context: ServiceContext
    /// The broker's cluster id; empty where it has none.
    public var clusterID: String
    /// Makes the decider inside the task that alone uses it.
    public var decider: @Sendable () -> any Decider

    public init(
      consumer: any EventConsumer, producer: any EventProducer, store: any Store, streams: Streams? = nil, group: String,
      limits: PipelineLimits,
      outputBytesMax: Int, responseTopic: String, runner: HandlerRunner, context: ServiceContext,
      clusterID: String = "", decider: @escaping @Sendable () -> any Decider
    ) {
      self.consumer = consumer
      self.producer = producer
      self.store = store
      self.streams = streams
      self.group = group
      self.limits = limits
      self.outputBytesMax = outputBytesMax
      self.responseTopic = responseTopic
      self.runner = runner
      self.context = context
      self.clusterID = clusterID
      self.decider = decider
    }
  }

  /// Where streams are kept and how they are folded.
  public struct Streams: Sendable {
    public var store: any StreamStore
    public var router: StreamRouter

    public init(store: any StreamStore, router: StreamRouter) {
      self.store = store
      self.router = router
    }
  }

  let parts: Parts
  let streamContext: StreamContext?
  let lanes: LaneTable
  let settlements: SettlementQueue
  let window = PublicationWindow()
  let fenced = FencedLanes()
  let running = RunningKeys()
  let metrics: PipelineMetrics
  let outages: OutageReporter
  let missing: MissingRecords
  private let failed = Mutex<ServiceFailure?>(nil)
  private let starts: AsyncStream<HandlerStart>
  private let starter: AsyncStream<HandlerStart>.Continuation

  public init(_ parts: Parts) {
    self.parts = parts
    streamContext = parts.streams.map {
      StreamContext(router: $0.router, group: parts.group, outputBytesMax: parts.outputBytesMax)
    }
    lanes = LaneTable(
      parts.limits.lane, recordsMax: parts.limits.unsettledRecordsMax, bytesMax: parts.limits.unsettledBytesMax)
    settlements = SettlementQueue(recordsMax: parts.limits.commitRecordsMax, bytesMax: parts.limits.commitBytesMax)
    metrics = PipelineMetrics(parts.context.metrics, group: parts.group)
    outages = OutageReporter(health: parts.context.health, logger: parts.context.logger, name: parts.group)
    missing = MissingRecords(parts.context, group: parts.group)
    // Bounded by the lanes: none starts more than its concurrency.
    (starts, starter) = AsyncStream.makeStream()
  }

  /// Records taken and not settled.
  public var inFlight: Int { lanes.unsettled }

  /// Works until shutdown is requested and everything in flight is settled.
  ///
  /// - Throws: `ServiceFailure` when the event bus has failed for good.
  public func run() async throws {
    let intake = Intake(self)
    let settler = Settler(self)
    let acknowledger = Acknowledger(self)
    defer { starter.finish() }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await settler.run() }
      group.addTask { await acknowledger.run() }
      group.addTask { await self.runHandlers() }
      if let streams = parts.streams { group.addTask { await TimerLane(self, streams).run() } }
      do {
        try await intake.run()
      } catch {
        starter.finish()
        // What was interrupted has no outcome: another process does it again, and nothing of it may be published here.
        settlements.abandon()
        group.cancelAll()
        throw error
      }
      starter.finish()
      settlements.close()
      try await group.waitForAll()
    }
    await parts.consumer.close()
  }

  /// Why the process must end, once something has failed for good.
  var failure: ServiceFailure? { failed.withLock { $0 } }

  func fail(_ failure: ServiceFailure) { failed.withLock { $0 = $0 ?? failure } }

  /// Claims lanes of this member in the store, so that nobody who held them before can commit any more.
  func claim(_ lanes: [LaneReference]) async {
    guard !lanes.isEmpty, !parts.store.isStateless else { return }
    let epochs = await untilStoreAnswers(.claim) { () throws(StoreError) in
      try await parts.store.claim(lanes.map(\.partition), consumer: parts.group)
    }
    if let epochs { self.lanes.claimed(lanes, epochs) }
  }

  /// Gives up lanes that somebody else has claimed in the store; the group will say who is right.
  func fence(_ lost: [LaneReference]) {
    let due = parts.context.clock.uptime() + parts.limits.fencedRest
    for (partition, offset) in lanes.fence(lost) {
      metrics.fenced.add()
      parts.context.logger.warning(
        "a lane was claimed by another member; nothing of it is committed here", ["lane": .string(partition.description)])
      // Timers are leased, not assigned: their lane is asked for again by itself.
      guard partition != TimerLane.partition else { continue }
      fenced.add(FencedLanes.Lane(partition: partition, offset: offset, dueAt: due))
    }
  }

  /// Carries out what the lanes have asked for.
  func apply(_ progress: LaneTable.Progress) {
    if !progress.pause.isEmpty { parts.consumer.pause(progress.pause) }
    if !progress.resume.isEmpty { parts.consumer.resume(progress.resume) }
    for start in progress.start { starter.yield(start) }
  }

  private func runHandlers() async {
    await withDiscardingTaskGroup { group in
      for await start in starts {
        group.addTask { await HandlerExecution(self, start).run() }
      }
      // Whatever still runs belongs to lanes that are gone: shutdown waits for the others before it comes here.
      group.cancelAll()
    }
  }

  /// Addresses recorded answers to the messages that repeat their requests.
  var replay: AnswerReplay {
    AnswerReplay(
      topic: parts.responseTopic, outputBytesMax: parts.outputBytesMax, now: parts.context.clock.now(),
      isFinal: parts.streams != nil, clusterID: parts.clusterID)
  }

  /// Repeats `body` until the store answers.
  ///
  /// - Parameter operation: which report of an outage the answer ends.
  /// - Returns: `nil` when the task was cancelled first.
  func untilStoreAnswers<Value: Sendable>(
    _ operation: OutageReporter.Witness = .lookup, _ body: () async throws(StoreError) -> Value
  ) async -> Value? {
    var attempt = 0
    while !Task.isCancelled {
      do {
        let value = try await body()
        outages.succeeded(operation)
        return value
      } catch {
        attempt += 1
        outages.failed(operation, error)
        await backOff(attempt)
      }
    }
    return nil
  }

  /// The same for what consists of several records: an answer that refuses their content is an answer.
  ///
  /// - Returns: `nil` when the task was cancelled first.
  func untilStoreDecides<Value: Sendable>(
    _ operation: OutageReporter.Witness, _ body: () async throws(StoreError) -> Value
  ) async -> Result<Value, StoreError>? {
    await untilStoreAnswers(operation) { () throws(StoreError) -> Result<Value, StoreError> in
      do throws(StoreError) {
        return .success(try await body())
      } catch {
        guard error.code == .rejected else { throw error }
        return .failure(error)
      }
    }
  }

  /// Waits before attempt number `attempt` + 1 at something that is away or refuses.
  func backOff(_ attempt: Int) async {
    let policy = parts.limits.outage
    let backoff = policy.backoff(afterAttempt: attempt, random: parts.context.ids.nextUnit()) ?? policy.maxBackoff
    try? await parts.context.clock.sleep(for: backoff)
  }
}
