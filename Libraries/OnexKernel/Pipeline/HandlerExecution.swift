import OnexCore
import Synchronization

/// One handler run, from the claim of its request to the settlement of its answer.
///
/// A request that can come again under another message, or that must never run twice, is claimed in the store first. While another record
/// holds the claim, this one waits for that record's answer: it never runs beside it.
struct HandlerExecution: Sendable {
  private let pipeline: Pipeline
  private let start: HandlerStart

  private var parts: Pipeline.Parts { pipeline.parts }
  private var work: HandlerWork { start.work }

  init(_ pipeline: Pipeline, _ start: HandlerStart) {
    self.pipeline = pipeline
    self.start = start
  }

  private enum Turn {
    /// The handler may run.
    case run(ExecutionClaim?)
    /// The request is answered without it.
    case answer([OutboundRecord])
    /// The partition is not ours any more, or the process ends.
    case drop
  }

  func run() async {
    guard pipeline.lanes.isLive(start.lane) else { return }
    switch await turn() {
    case .drop: return
    // Under the message's own id: the entry under the key stays that of the first answer.
    case .answer(let outputs): settle(outputs, work.envelope.ownIdentity, nil)
    case .run(let claim):
      let key = RunningKeys.Key(partition: start.lane.partition, key: start.key)
      guard await pipeline.running.enter(key, while: { pipeline.lanes.isLive(start.lane) }) else { return }
      let response = await parts.runner.run(work) { await mayCall() }
      pipeline.running.leave(key)
      // A run that was interrupted has no outcome: the record is delivered again.
      guard let response, !Task.isCancelled else { return }
      settle(respond(response), identity(of: response.outcome), claim)
    }
  }

  /// The identity under which an outcome is recorded. `INDETERMINATE` leaves the key to the outcome of the earlier start, which may still
  /// come.
  private func identity(of outcome: ResponseEnvelope.Outcome) -> RequestIdentity {
    if case .failure(let error) = outcome, error.code == .indeterminate, work.operation.settings.delivery == .atMostOnce {
      return work.envelope.ownIdentity
    }
    return work.envelope.requestIdentity(for: outcome)
  }

  private func turn() async -> Turn {
    guard !parts.store.isStateless else { return .run(nil) }
    guard work.isClaimed else {
      guard let recorded = await recordedAnswer(to: work.envelope.identity) else { return Task.isCancelled ? .drop : .run(nil) }
      return .answer(pipeline.replay.outputs(recorded, for: work.envelope, in: work.record))
    }
    var pause = Duration.milliseconds(10)
    while let epoch = await epoch() {
      let claim = ExecutionClaim(
        consumer: parts.group, identity: work.envelope.requestIdentity, source: work.record.source, offset: work.record.offset,
        epoch: epoch)
      let outcome = await pipeline.untilStoreAnswers(.lookup) { () throws(StoreError) in
        try await parts.store.claimExecution(claim)
      }
      switch outcome {
      case nil: return .drop
      case .fenced?:
        pipeline.fence([start.lane])
        return .drop
      case .recorded(let answer)?: return .answer(pipeline.replay.outputs(answer, for: work.envelope, in: work.record))
      case .held(let digest)? where digest != work.envelope.digest:
        return .answer(pipeline.replay.conflict(work.envelope, in: work.record))
      case .held?:
        // The other record's answer is on its way; this request's own deadline goes on.
        if let deadline = work.envelope.deadline, deadline <= parts.context.clock.now() {
          return .answer(respond(failure(HandlerRunner.deadlineExceeded)))
        }
        try? await parts.context.clock.sleep(for: pause)
        pause = min(pause * 2, .milliseconds(250))
      case .claimed?:
        // A message whose retryable failure is recorded gets it again; the key stays free for other messages.
        guard work.envelope.idempotencyKey != nil, let own = await recordedAnswer(to: work.envelope.messageIdentity) else {
          return Task.isCancelled ? .drop : .run(claim)
        }
        _ = await pipeline.untilStoreAnswers(.lookup) { () throws(StoreError) in try await parts.store.release([claim]) }
        return .answer(pipeline.replay.outputs(own, for: work.envelope, in: work.record))
      }
    }
    return .drop
  }

  /// The store's epoch of the partition, once it is claimed there; `nil` when the partition goes away first.
  private func epoch() async -> LaneEpoch? {
    let lanes = pipeline.lanes
    while !Task.isCancelled, lanes.isLive(start.lane) {
      let seen = lanes.changes.generation
      if let epoch = lanes.claims(of: [start.lane])?[start.lane.partition] { return epoch }
      await lanes.changes.wait(since: seen)
    }
    return nil
  }

  /// Asked when circuit, concurrency and deadline permit the call. A call that must never be made twice is noted before it is made.
  private func mayCall() async -> CallPermission {
    guard work.operation.settings.delivery == .atMostOnce else { return .call }
    guard let epoch = await epoch() else { return .drop }
    let mark = StartMark(
      consumer: parts.group, identity: work.envelope.identity, lane: start.lane.partition, epoch: epoch,
      token: parts.context.ids.next())
    switch await pipeline.untilStoreAnswers(.lookup, { () throws(StoreError) in try await parts.store.markStart(mark) }) {
    case .started?: return .call
    case .startedBefore?: return .refuse(HandlerExecution.indeterminate)
    case .fenced?:
      pipeline.fence([start.lane])
      return .drop
    case nil: return .drop
    }
  }

  private static let indeterminate = ResponseError(
    .indeterminate,
    "the effect was started before and its outcome was lost; it is not run again (delivery: at_most_once). Look at the callee")

  private func recordedAnswer(to identity: MessageIdentity) async -> RecordedAnswer? {
    await pipeline.untilStoreAnswers(.lookup) { () throws(StoreError) in
      try await parts.store.recorded(identity, consumer: parts.group)
    } ?? nil
  }

  private func failure(_ error: ResponseError) -> ResponseEnvelope {
    ResponseEnvelope(
      answering: work.envelope, handler: work.operation.contract.name, duration: .zero, timestamp: parts.context.clock.now(),
      outcome: .failure(error))
  }

  private func respond(_ response: ResponseEnvelope) -> [OutboundRecord] {
    var batch = OutputBatch(outputBytesMax: parts.outputBytesMax, capacity: 1024)
    batch.respond(response, to: work.record, topic: parts.responseTopic, owner: 0)
    return batch.finish().records
  }

  private func settle(_ outputs: [OutboundRecord], _ identity: RequestIdentity, _ claim: ExecutionClaim?) {
    var settlement = Settlement(
      lane: start.lane, records: [work.record], outputs: outputs, owners: outputs.map { _ in 0 }, identities: [identity],
      finishedKey: start.key)
    if let claim { settlement.executions = [claim] }
    pipeline.settlements.add(settlement)
  }
}

/// Keys whose handlers run in this process.
///
/// A partition that was lost and comes back has new runs while those of before may not have ended: a run of the same key waits for them.
/// Otherwise an effect of before could follow what was done meanwhile, such as its own compensation.
final class RunningKeys: Sendable {
  struct Key: Hashable, Sendable {
    let partition: TopicPartition
    let key: Bytes
  }

  private let keys = Mutex<Set<Key>>([])
  private let changes = ChangeSignal()

  /// - Returns: false when `isWanted` turned false, or the task was cancelled, before the key was free.
  func enter(_ key: Key, while isWanted: () -> Bool) async -> Bool {
    while !Task.isCancelled, isWanted() {
      let seen = changes.generation
      if keys.withLock({ $0.insert(key).inserted }) { return true }
      await changes.wait(since: seen)
    }
    return false
  }

  func leave(_ key: Key) {
    keys.withLock { _ = $0.remove(key) }
    changes.notify()
  }
}

extension HandlerWork {
  /// Another record may carry the same request: one with a key, which any message can repeat, or one that must never run twice.
  fileprivate var isClaimed: Bool { envelope.idempotencyKey != nil || operation.settings.delivery == .atMostOnce }
}

/// The last word before a handler is called.
enum CallPermission: Sendable {
  case call
  case refuse(ResponseError)
  /// The run ends without an outcome.
  case drop
}
