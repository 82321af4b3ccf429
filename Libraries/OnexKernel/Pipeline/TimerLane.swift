import OnexCore
import OnexService

/// The lane that no broker assigns: durable timers that are due by the store's clock. One process at a time has it, by a lease that depends
/// on no wall clock; its epoch fences the owner before. A firing takes the way of every record, and the timer is deleted only when its
/// outputs are published.
struct TimerLane: Sendable {
  static let partition = TopicPartition("runtime-timers", 0)

  private let pipeline: Pipeline
  private let streams: Pipeline.Streams
  private var limits: PipelineLimits { pipeline.parts.limits }
  private var context: ServiceContext { pipeline.parts.context }

  init(_ pipeline: Pipeline, _ streams: Pipeline.Streams) {
    self.pipeline = pipeline
    self.streams = streams
  }

  /// Works until shutdown.
  func run() async {
    let owner = context.ids.next().description
    let orphans = OrphanedRuns(pipeline, streams)
    var watch = LeaseWatch(time: limits.timerLease)
    var lane: LaneReference?
    var renewAt = Duration.zero
    var offset: Int64 = 0
    while !context.shutdown.isRequested, !Task.isCancelled {
      if renewAt <= context.clock.uptime() {
        await orphans.look()
        lane = await lease(owner, lane, &watch)
        renewAt = context.clock.uptime() + limits.timerLease / 3
      }
      guard let held = lane, pipeline.lanes.isLive(held) else {
        lane = nil
        await rest(min(renewAt - context.clock.uptime(), limits.timerPollMax))
        continue
      }
      let rest = await fire(held, &offset)
      if rest > .zero { await self.rest(rest) }
    }
    if let lane { pipeline.lanes.remove([lane.partition]) }
  }

  /// - Returns: the lane, while it is ours.
  private func lease(_ owner: String, _ held: LaneReference?, _ watch: inout LeaseWatch) async -> LaneReference? {
    do {
      let answer = try await streams.store.lease(
        TimerLane.partition, consumer: pipeline.parts.group, owner: owner, expired: watch.expired(at: context.clock.uptime()))
      watch.note(answer, at: context.clock.uptime())
      guard case .held(let epoch) = answer else {
        // It has no timers to ask for, which would tell that the store answers again.
        pipeline.outages.succeeded(.timers)
        if held != nil { pipeline.lanes.remove([TimerLane.partition]) }
        return nil
      }
      if let held, pipeline.lanes.isLive(held) { return held }
      let lanes = pipeline.lanes.assign([TimerLane.partition])
      pipeline.lanes.claimed(lanes, [TimerLane.partition: epoch])
      return lanes.first
    } catch {
      pipeline.outages.failed(.timers, error)
      return held
    }
  }

  /// Hands on what is due and waits until it is settled.
  ///
  /// - Returns: how long to rest.
  private func fire(_ lane: LaneReference, _ offset: inout Int64) async -> Duration {
    let found: DueTimers
    do {
      found = try await streams.store.dueTimers(
        TimerQuery(
          consumer: pipeline.parts.group, countMax: limits.timerBatchMax, handlers: .these(streams.router.reducers.handlers)))
      pipeline.outages.succeeded(.timers)
    } catch {
      pipeline.outages.failed(.timers, error)
      return limits.timerPollMax
    }
    guard !found.timers.isEmpty else {
      guard let next = found.nextDue, next < found.now + limits.timerPollMax else { return limits.timerPollMax }
      return max(next - found.now, .milliseconds(1))
    }
    let settlement = settlement(found, lane, &offset)
    guard pipeline.lanes.deliver(settlement.records[...], of: lane.partition) == lane else { return limits.timerPollMax }
    pipeline.metrics.timersFired.add(found.timers.count)
    pipeline.settlements.add(settlement)
    let lanes = pipeline.lanes
    while !Task.isCancelled, lanes.isLive(lane), !lanes.isIdle([lane.partition]) {
      let seen = lanes.changes.generation
      if lanes.isIdle([lane.partition]) || !lanes.isLive(lane) { break }
      await lanes.changes.wait(since: seen)
    }
    return .zero
  }

  private func settlement(_ found: DueTimers, _ lane: LaneReference, _ offset: inout Int64) -> Settlement {
    var batch = OutputBatch(outputBytesMax: pipeline.parts.outputBytesMax)
    var records: [ConsumedRecord] = []
    var identities: [RequestIdentity?] = []
    var special: [Int: Settlement.Special] = [:]
    for timer in found.timers {
      let place = records.count
      var record = ConsumedRecord(source: lane.partition, offset: offset, key: nil, value: nil, timestamp: timer.due)
      offset += 1
      switch timer.purpose {
      case .deadline:
        identities.append(RequestIdentity(timer.firing))
        special[place] = Settlement.Special(claim: .firing(timer.id))
        // A stub that cannot be read was not written by this program; nobody can be answered.
        if let (envelope, origin) = RequestStub(timer.payload)?.request() {
          record = ConsumedRecord(
            source: lane.partition, offset: record.offset, key: origin.key, value: origin.value, headers: origin.headers,
            timestamp: timer.due)
          let response = ResponseEnvelope(
            answering: envelope, handler: nil, duration: .zero, timestamp: found.now,
            outcome: .failure(HandlerRunner.deadlineExceeded))
          batch.respond(response, to: origin, topic: streams.router.topics.responses, owner: place)
        }
      case .stream(let stream, let name):
        identities.append(nil)
        // The store gives out timers of known handlers only.
        if let reducer = streams.router.reducers.reducer(of: stream) {
          special[place] = Settlement.Special(
            work: StreamWork(
              stream: stream, reducer: reducer, input: .timer(name: name), identity: RequestIdentity(timer.firing),
              envelope: nil, correlationID: CorrelationID(timer.id), causationID: nil))
        }
      }
      records.append(record)
    }
    let (outputs, owners) = batch.finish()
    var settlement = Settlement(
      lane: lane, records: records, outputs: outputs, owners: owners, identities: identities, finishedKey: nil)
    settlement.special = special
    settlement.timers = found.timers
    return settlement
  }

  private func rest(_ time: Duration) async {
    guard time > .zero else { return }
    let shutdown = pipeline.parts.context.shutdown
    await withTaskGroup(of: Void.self) { group in
      group.addTask { try? await pipeline.parts.context.clock.sleep(for: time) }
      group.addTask { await shutdown.wait() }
      await group.next()
      group.cancelAll()
    }
  }
}
