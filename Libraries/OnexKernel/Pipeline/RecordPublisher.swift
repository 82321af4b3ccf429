import OnexCore
import OnexJSON
import OnexService

/// Repeats what was not written and does not give up: an outage is waited out, and so is a missing permission, under its own name. A record
/// that the broker refuses for its size or content is replaced by something that it takes, so that one record holds up no other.
struct RecordPublisher: Sendable {
  let producer: any EventProducer
  let clock: any RuntimeClock
  let ids: any IDSource
  let backoff: RetryPolicy
  let group: String
  let outages: OutageReporter
  let deadLetters: Counter
  let logger: Logger
  /// Where the answer to a request goes that cannot be written to a topic.
  var answerTopic: @Sendable (String) -> String? = { _ in nil }

  enum End: Sendable, Equatable {
    case written
    /// The task was cancelled before everything was written.
    case cancelled
    /// The producer failed for good and repeats nothing; what is not acknowledged is done again by the next process.
    case broken(EventBusError)
  }

  /// An output that was not written yet, and the output of the batch that it stands for.
  private struct Pending {
    var records: [OutboundRecord]
    var sources: [Int]
  }

  func repeatFailed(_ failures: [PublishFailure], of batch: PublishedBatch) async -> End {
    var failures = failures
    var pending = Pending(records: batch.outputs, sources: Array(batch.outputs.indices))
    var attempt = 0
    while !failures.isEmpty {
      // At any attempt: a broker that comes back empty first knows no topic, and then refuses the sequence of what was written before.
      if let fatal = failures.first(where: { $0.error.isFatal }) { return .broken(fatal.error) }
      let isWaiting = report(failures, pending)
      pending = next(failures, pending, batch)
      guard !pending.records.isEmpty else { break }
      // What is replaced needs no wait.
      if isWaiting {
        attempt += 1
        try? await clock.sleep(for: backoff.backoff(afterAttempt: attempt, random: ids.nextUnit()) ?? backoff.maxBackoff)
      }
      if Task.isCancelled { return .cancelled }
      failures = await producer.publish(pending.records)
    }
    outages.succeeded(.producer)
    return .written
  }

  /// - Returns: whether something must be waited for.
  private func report(_ failures: [PublishFailure], _ pending: Pending) -> Bool {
    let waiting = failures.filter { !$0.error.isAboutTheRecord }
    // A missing permission says more than an outage that comes and goes.
    guard
      let first = waiting.first(where: { $0.error.isRefusal }) ?? waiting.first(where: { $0.error.isRetriable }) ?? waiting.first
    else { return false }
    outages.failed(.producer, first.error.of(topic: pending.records[first.index].topic))
    return true
  }

  private func next(_ failures: [PublishFailure], _ pending: Pending, _ batch: PublishedBatch) -> Pending {
    var next = Pending(records: [], sources: [])
    for failure in failures {
      let (output, source) = (pending.records[failure.index], pending.sources[failure.index])
      guard failure.error.isAboutTheRecord else {
        next.records.append(output)
        next.sources.append(source)
        continue
      }
      for record in substitute(output, failure.error, batch.source(source)) {
        next.records.append(record)
        next.sources.append(source)
      }
    }
    return next
  }

  /// What to write in the place of a record that the broker refuses: a dead letter without its value, an answer without its payload, the
  /// dead letter of the consumed record. Each is smaller than what it stands for, so that this ends.
  private func substitute(_ output: OutboundRecord, _ error: EventBusError, _ source: ConsumedRecord) -> [OutboundRecord] {
    let letters = Topics.deadLetters(of: source.source.topic)
    if output.topic == letters {
      if let shorter = DeadLetter.shorter(output) { return [shorter] }
      logger.error(
        "a dead letter was given up: the broker refuses it without its value, too",
        [
          "topic": .string(source.source.topic), "partition": .integer(Int(source.source.partition)),
          "offset": .integer(Int(source.offset)), "error": .string(error.description),
        ])
      return []
    }
    let reason = "the broker refused the record for topic \(output.topic): \(error.message)"
    logger.error(
      "the broker refused an output",
      [
        "topic": .string(source.source.topic), "partition": .integer(Int(source.source.partition)),
        "offset": .integer(Int(source.offset)), "output_topic": .string(output.topic), "error": .string(error.description),
      ])
    if let answer = answer(instead: output, reason) { return [answer] }
    deadLetters.add()
    return [
      DeadLetter.record(
        for: source,
        cause: DeadLetter.Cause(
          code: ErrorCode.outputTooLarge.rawValue, reason: reason, consumerGroup: group, time: clock.now()))
    ]
  }

  /// An `OUTPUT_TOO_LARGE` answer for a response, or for a request to another role, that was refused; `nil` for what is neither, and
  /// where such an answer was refused already.
  private func answer(instead output: OutboundRecord, _ reason: String) -> OutboundRecord? {
    let record = ConsumedRecord(
      source: TopicPartition(output.topic, 0), offset: 0, key: output.key, value: output.value, timestamp: nil)
    let failure = ResponseEnvelope.Outcome.failure(ResponseError(.outputTooLarge, reason))
    var decoder = ResponseDecoder()
    if case .success(var response) = decoder.decode(record) {
      if case .failure(let error) = response.outcome, error.code == .outputTooLarge { return nil }
      response.outcome = failure
      response.metadata = nil
      // Where the answer belongs travels on; it is short.
      response.extensions.removeAll { $0.value.count > RecordPublisher.extensionBytesMax }
      return written(response, for: output, topic: output.topic)
    }
    var requests = EnvelopeDecoder(limits: EnvelopeDecoder.Limits(payloadBytesMax: .max, recordBytesMax: .max))
    guard let topic = answerTopic(output.topic), case .success(var request) = requests.decode(record) else { return nil }
    request.readOrigin()
    var response = ResponseEnvelope(
      answering: request, handler: nil, duration: .zero, timestamp: clock.now(), outcome: failure)
    response.metadata = nil
    response.extensions.removeAll { $0.value.count > RecordPublisher.extensionBytesMax }
    return written(response, for: output, topic: topic)
  }

  private static let extensionBytesMax = 1024

  private func written(_ response: ResponseEnvelope, for output: OutboundRecord, topic: String) -> OutboundRecord {
    var writer = JSONWriter(capacity: 1024)
    _ = writer.beginDocument()
    writer.response(response)
    return OutboundRecord(
      topic: topic, key: output.key, value: writer.finish(), messageID: response.envelopeID, headers: output.headers)
  }
}
