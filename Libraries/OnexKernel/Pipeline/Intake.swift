import OnexCore
import OnexService

/// Polls the consumer, decides what comes, and answers the group's wishes.
struct Intake: Sendable {
  private let pipeline: Pipeline
  private static let joining = "JOINING_GROUP"

  private var parts: Pipeline.Parts { pipeline.parts }
  private var lanes: LaneTable { pipeline.lanes }

  init(_ pipeline: Pipeline) { self.pipeline = pipeline }

  /// Works until shutdown, then waits until everything in flight is settled.
  func run() async throws {
    let decider = parts.decider()
    var batch = OutputBatch(outputBytesMax: parts.outputBytesMax)
    var lag = LagReading(dueAt: parts.context.clock.uptime(), shown: [])
    parts.context.health.raise(
      Intake.joining, message: "waiting for the consumer group \(parts.group) to assign partitions",
      blocksReadiness: true)
    try await withThrowingDiscardingTaskGroup { group in
      while !parts.context.shutdown.isRequested, !Task.isCancelled {
        if let failure = pipeline.failure { throw failure }
        if parts.runner.isExhausted {
          throw ServiceFailure.internalError(
            "no handler can run any more: handlers that do not end hold every thread; the log names them (HANDLERS_STUCK)")
        }
        await waitForRoom()
        show(&lag)
        let again = takeAgain()
        if !again.isEmpty { group.addTask { await pipeline.claim(again) } }
        for event in await parts.consumer.poll(parts.limits.poll) {
          switch event {
          case .revoking(let partitions):
            pipeline.fenced.remove(partitions)
            lanes.revoke(partitions)
            group.addTask { await giveUp(partitions) }
          case .assigned(let partitions):
            let added = assign(partitions)
            group.addTask { await pipeline.claim(added) }
          default: try handle(event, decider, &batch)
          }
        }
      }
      await drain()
      // What is left are claims that an absent store has not answered: nothing waits for them any more.
      group.cancelAll()
    }
  }

  private struct LagReading {
    var dueAt: Duration
    var shown: Set<TopicPartition>
  }

  private func show(_ reading: inout LagReading) {
    let now = parts.context.clock.uptime()
    guard now >= reading.dueAt else { return }
    pipeline.missing.clearOld()
    parts.runner.clearOld()
    reading = LagReading(
      dueAt: now + LagGauges.interval, shown: pipeline.metrics.lag.show(parts.consumer.lag(), before: reading.shown))
  }

  private func handle(_ event: ConsumerEvent, _ decider: any Decider, _ batch: inout OutputBatch) throws {
    let logger = parts.context.logger
    switch event {
    case .records(let records):
      take(records, decider, &batch)
    case .lost(let partitions):
      pipeline.fenced.remove(partitions)
      lanes.remove(partitions)
      pipeline.metrics.assigned.set(lanes.assigned)
      logger.warning("partitions lost", ["count": .integer(partitions.count)])
    case .fault(let error) where error.isFatal:
      throw ServiceFailure.internalError("the event bus failed for good: \(error)")
    case .fault(let error):
      pipeline.outages.failed(.consumer, error)
      parts.context.health.check("kafka", state: .down, error: error.description)
    case .recovered:
      pipeline.outages.succeeded(.consumer)
      parts.context.health.check("kafka", state: .up)
    case .skipped(let partition, let from, let to): pipeline.missing.skipped(partition, from: from, to: to)
    case .wentBack(let partition, let from, let to): pipeline.missing.wentBack(partition, from: from, to: to)
    case .assigned, .revoking:
      preconditionFailure("handled where the task that follows can be started")
    }
  }

  private func assign(_ partitions: [TopicPartition]) -> [LaneReference] {
    let added = lanes.assign(partitions)
    pipeline.metrics.assigned.set(lanes.assigned)
    parts.context.health.check("partitions", state: lanes.assigned > 0 ? .up : .standingBy)
    parts.context.logger.info(
      "partitions assigned", ["added": .integer(partitions.count), "total": .integer(lanes.assigned)])
    parts.context.health.clear(Intake.joining)
    parts.context.health.check("kafka", state: .up)
    return added
  }

  /// Lanes that were claimed by somebody else and are still assigned to this member after a rest, from where they were left. Between
  /// two polls, so that no record of before is mixed with those of after.
  private func takeAgain() -> [LaneReference] {
    let due = pipeline.fenced.due(at: parts.context.clock.uptime())
    var taken: [TopicPartition] = []
    for lane in due {
      do {
        try parts.consumer.seek(lane.partition, to: lane.offset)
        taken.append(lane.partition)
      } catch {
        // Not ours any more, as the group is about to say.
        parts.context.logger.info("a lane that was claimed elsewhere is not taken again", ["error": .string(error.description)])
      }
    }
    guard !taken.isEmpty else { return [] }
    // A lane that was full had paused its partition, and only it would have resumed it.
    parts.consumer.resume(taken)
    return lanes.assign(taken)
  }

  /// Decides records of one poll, partition by partition; within one they are in offset order.
  private func take(_ records: [ConsumedRecord], _ decider: any Decider, _ batch: inout OutputBatch) {
    var start = 0
    while start < records.count {
      let partition = records[start].source
      var end = start + 1
      // Offsets rise; where they do not, the log has gone back.
      while end < records.count, records[end].source == partition, records[end].offset > records[end - 1].offset { end += 1 }
      take(records[start..<end], of: partition, decider, &batch)
      start = end
    }
  }

  private func take(
    _ records: ArraySlice<ConsumedRecord>, of partition: TopicPartition, _ decider: any Decider, _ batch: inout OutputBatch
  ) {
    if let first = records.first, lanes.goesBack(to: first.offset, of: partition) { return startAnew(first) }
    guard let lane = lanes.deliver(records, of: partition) else { return }
    pipeline.metrics.consumed.add(records.count)
    var decided: [ConsumedRecord] = []
    decided.reserveCapacity(records.count)
    var identities: [RequestIdentity?] = []
    var work: [HandlerWork] = []
    var special: [Int: Settlement.Special] = [:]
    var waiting: Set<Bytes> = []
    let hasWork = lanes.hasWork(in: lane)
    for record in records {
      let decision = decider.decide(record, owner: decided.count, into: &batch) { key in
        waiting.contains(key) || (hasWork && lanes.isBusy(key, in: lane))
      }
      switch decision {
      case .decided(let identity):
        decided.append(record)
        if !parts.store.isStateless { identities.append(identity) }
      case .claimed(let identity, let claim):
        special[decided.count] = Settlement.Special(claim: claim)
        decided.append(record)
        identities.append(identity)
      case .keyed(let identity, let key, let claim):
        special[decided.count] = Settlement.Special(claim: claim, key: key)
        decided.append(record)
        identities.append(identity)
      case .react(let work):
        special[decided.count] = Settlement.Special(work: work)
        decided.append(record)
        identities.append(nil)
      case .run(let decided):
        // It outlives the batch that it came in, which may be far larger.
        let item = decided.detached()
        work.append(item)
        waiting.insert(item.key)
      }
    }
    if !decided.isEmpty {
      let (outputs, owners) = batch.finish()
      var settlement = Settlement(
        lane: lane, records: decided, outputs: outputs, owners: owners, identities: identities, finishedKey: nil)
      settlement.special = special
      pipeline.settlements.add(settlement)
    }
    pipeline.apply(lanes.add(work, to: lane))
  }

  /// The log goes on before where it was: what was in flight belongs to a log that no longer exists. The lane is taken again from there,
  /// under a new claim.
  private func startAnew(_ record: ConsumedRecord) {
    parts.context.logger.info(
      "a lane is read anew because its log went back",
      ["lane": .string(record.source.description), "offset": .integer(Int(record.offset))])
    lanes.remove([record.source])
    pipeline.fenced.add(
      FencedLanes.Lane(partition: record.source, offset: record.offset, dueAt: parts.context.clock.uptime()))
  }

  /// Rests while too much waits to be settled, briefly: polling keeps the membership. Where that does not help, every lane pauses.
  private func waitForRoom() async {
    let (lanes, settlements) = (lanes, pipeline.settlements)
    guard !lanes.hasRoom(beside: settlements.heldBytes) else {
      pipeline.apply(lanes.drainIfPossible(beside: settlements.heldBytes))
      return
    }
    let hasRoom = await lanes.changes.wait(atMost: parts.limits.restMax, clock: parts.context.clock) {
      lanes.hasRoom(beside: settlements.heldBytes)
    }
    if !hasRoom { pipeline.apply(lanes.fill()) }
  }

  /// Finishes what has begun in partitions that the group wants back, then gives them up. Work that has not begun is not started here:
  /// the next owner does it.
  private func giveUp(_ partitions: [TopicPartition]) async {
    let lanes = lanes
    let limit = min(parts.limits.revocationMax, parts.consumer.revocationMax)
    let (clock, outages) = (parts.context.clock, pipeline.outages)
    let first = min(limit, parts.limits.revocationMaxInOutage)
    var isIdle = await lanes.changes.wait(atMost: first, clock: clock) { lanes.hasHandedOver(partitions) }
    if !isIdle, limit > first {
      // Handlers are worth a longer wait; a store that is away is not: the next owner may reach it.
      _ = await lanes.changes.wait(atMost: limit - first, clock: clock) {
        lanes.hasHandedOver(partitions) || outages.isStoreAway
      }
      isIdle = lanes.hasHandedOver(partitions)
    }
    if !isIdle { parts.context.logger.warning("partitions given up with records in flight; they will be done again") }
    lanes.remove(partitions)
    pipeline.metrics.assigned.set(lanes.assigned)
    parts.consumer.completeRevocation(partitions)
    parts.context.logger.info("partitions revoked", ["count": .integer(partitions.count)])
    if lanes.assigned == 0 { parts.context.health.check("partitions", state: .standingBy) }
  }

  /// Takes nothing more and waits for what is in flight. The service host bounds the wait.
  private func drain() async {
    let lanes = lanes
    parts.consumer.pause(lanes.partitions)
    while lanes.unsettled > 0, !Task.isCancelled {
      let seen = lanes.changes.generation
      parts.context.health.draining(inFlight: lanes.unsettled)
      if lanes.unsettled == 0 { break }
      await lanes.changes.wait(since: seen)
    }
  }
}
