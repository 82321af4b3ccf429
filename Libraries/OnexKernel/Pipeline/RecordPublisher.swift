import OnexCore

/// Repeats what was not written and does not give up: an outage is waited out, and a record that the broker refuses for good is
/// turned into the dead letter of the record it answers.
struct RecordPublisher: Sendable {
  let producer: any EventProducer
  let clock: any RuntimeClock
  let ids: any IDSource
  let backoff: RetryPolicy
  let group: String
  let outages: OutageReporter
  let deadLetters: Counter

  enum End: Sendable, Equatable {
    case written
    /// The task was cancelled before everything was written.
    case cancelled
    /// The producer failed for good and repeats nothing; what is not acknowledged is done again by the next process.
    case broken(EventBusError)
  }

  func repeatFailed(_ failures: [PublishFailure], of batch: PublishedBatch) async -> End {
    var failures = failures
    var pending = batch.outputs
    var sources = Array(batch.outputs.indices)
    var attempt = 0
    while let first = failures.first {
      // At any attempt: a broker that comes back empty first knows no topic, and then refuses the sequence of what was written before.
      if let fatal = failures.first(where: { $0.error.isFatal }) { return .broken(fatal.error) }
      attempt += 1
      outages.failed(.producer, failures.first { $0.error.isRetriable }?.error.description ?? first.error.description)
      let next = failures.map { failure in
        (retry(pending[failure.index], failure.error, batch.source(sources[failure.index])), sources[failure.index])
      }
      pending = next.map(\.0)
      sources = next.map(\.1)
      let random = ids.nextUnit()
      try? await clock.sleep(for: backoff.backoff(afterAttempt: attempt, random: random) ?? backoff.maxBackoff)
      if Task.isCancelled { return .cancelled }
      failures = await producer.publish(pending)
    }
    outages.succeeded(.producer)
    return .written
  }

  /// What to write next for an output that was not written.
  private func retry(_ output: OutboundRecord, _ error: EventBusError, _ source: ConsumedRecord) -> OutboundRecord {
    let letters = Topics.deadLetters(of: source.source.topic)
    // A refused dead letter is tried again for as long as it takes: there is nowhere else to put it.
    guard !error.isRetriable, error.code == .recordTooLarge, output.topic != letters else { return output }
    deadLetters.add()
    return DeadLetter.record(
      for: source,
      cause: DeadLetter.Cause(
        code: ErrorCode.outputTooLarge.rawValue,
        reason: "the broker refused the record for topic \(output.topic): \(error.message)", consumerGroup: group,
        time: clock.now()))
  }
}
