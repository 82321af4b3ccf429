import OnexCore

/// Marks as done what the broker has acknowledged, batch after batch, in the order in which they were sent.
struct Acknowledger: Sendable {
  private let pipeline: Pipeline
  private let publisher: RecordPublisher

  init(_ pipeline: Pipeline) {
    self.pipeline = pipeline
    let parts = pipeline.parts
    publisher = RecordPublisher(
      producer: parts.producer, clock: parts.context.clock, ids: parts.context.ids, backoff: parts.limits.outage,
      group: parts.group, outages: pipeline.outages, deadLetters: pipeline.metrics.deadLetters,
      logger: parts.context.logger, answerTopic: Acknowledger.answerTopic(parts))
  }

  /// Requests to another role are answered the way that role would: its answers find their request's deadline and workflow.
  private static func answerTopic(_ parts: Pipeline.Parts) -> @Sendable (String) -> String? {
    guard let topics = parts.streams?.router.topics else { return { _ in nil } }
    let answers = [topics.effectRequests: topics.effectResponses, topics.workerRequests: topics.workerResponses]
    return { answers[$0] }
  }

  /// Works until the window is closed and empty.
  func run() async {
    await pipeline.window.takeEach { batch in
      guard await confirm(batch), await forgetTimers(of: batch.settlements), await releaseExecutions(of: batch.settlements)
      else { return }
      let progress = pipeline.lanes.settle(batch.settlements)
      storeOffsets(progress.offsets)
      pipeline.apply(progress)
      pipeline.apply(pipeline.lanes.drainIfPossible(beside: pipeline.settlements.heldBytes))
      pipeline.metrics.settled(batch)
    }
  }

  /// - Returns: false when the task was cancelled before everything was written.
  private func confirm(_ batch: PublishedBatch) async -> Bool {
    let failures = await batch.publication.failures()
    guard !failures.isEmpty else {
      pipeline.outages.succeeded(.producer)
      return true
    }
    pipeline.window.beginRepeating()
    defer { pipeline.window.endRepeating() }
    switch await publisher.repeatFailed(failures, of: batch) {
    case .written: return true
    case .cancelled: return false
    case .broken(let error):
      pipeline.fail(.internalError("the event bus's producer failed for good: \(error)"))
      return false
    }
  }

  /// What has fired and is published need not fire again. A crash before this makes it fire once more, as a repeat.
  private func forgetTimers(of settlements: [Settlement]) async -> Bool {
    let timers = settlements.flatMap(\.timers)
    guard let streams = pipeline.parts.streams, !timers.isEmpty else { return true }
    let done: Void? = await pipeline.untilStoreAnswers(.timers) { () throws(StoreError) in
      try await streams.store.finish(timers, consumer: pipeline.parts.group)
    }
    return done != nil
  }

  /// Repeats that wait for a recorded answer have it by now; those of a failure that may be retried run next.
  private func releaseExecutions(of settlements: [Settlement]) async -> Bool {
    let claims = settlements.flatMap(\.executions)
    guard !claims.isEmpty else { return true }
    let done: Void? = await pipeline.untilStoreAnswers(.lookup) { () throws(StoreError) in
      try await pipeline.parts.store.release(claims)
    }
    return done != nil
  }

  private func storeOffsets(_ settled: [TopicPartition: Int64]) {
    var offsets = settled
    offsets[TimerLane.partition] = nil
    guard !offsets.isEmpty else { return }
    do {
      try pipeline.parts.consumer.storeOffsets(offsets)
    } catch {
      // A partition that went away meanwhile: its new owner does these records again and their receivers drop the repeats.
      pipeline.parts.context.logger.warning("offsets were not stored", ["error": .string(error.description)])
    }
  }
}
