import OnexCore
import OnexJSON

/// Takes a single record out of the way that the store refuses for its content: a dead letter with the store's words, and an answer to its
/// request, in the place of what the record would have changed.
struct Quarantine: Sendable {
  private let parts: Pipeline.Parts
  private let streams: StreamContext?

  init(_ parts: Pipeline.Parts, _ streams: StreamContext?) {
    self.parts = parts
    self.streams = streams
  }

  /// - Parameter settlement: has one record.
  func replacement(for settlement: Settlement, _ error: StoreError) -> Settlement {
    let record = settlement.records[0]
    let work = settlement.special[0]?.work
    let identity = work?.identity ?? settlement.identities.first ?? nil
    // Rare: the record is read once more.
    let replay = AnswerReplay(
      topic: parts.responseTopic, outputBytesMax: parts.outputBytesMax, now: parts.context.clock.now(), isFinal: streams != nil,
      clusterID: parts.clusterID)
    let request = work.map(\.envelope) ?? replay.request(in: record)
    var batch = OutputBatch(outputBytesMax: parts.outputBytesMax, capacity: 1024)
    let now = parts.context.clock.now()
    if let request {
      let response = ResponseEnvelope(
        answering: request, handler: work?.reducer.handler, duration: .zero, timestamp: now,
        outcome: .failure(
          ResponseError(.storeRejected, "the store refuses what the request would write: \(error.message)")))
      batch.respond(response, to: record, topic: streams?.router.topics.responses ?? parts.responseTopic, owner: 0)
    }
    // A timer is no record of a topic; the log alone tells about it.
    if record.source != TimerLane.partition {
      let letter = DeadLetter.record(
        for: record,
        cause: DeadLetter.Cause(
          code: ErrorCode.storeRejected.rawValue, reason: Quarantine.reason(work, error), consumerGroup: parts.group,
          correlationID: work?.correlationID ?? request?.correlationID, time: now))
      batch.deadLetter(letter, id: EnvelopeID(identity?.message.uuid ?? parts.context.ids.next()), owner: 0)
    }
    return settlement.replaced(by: batch.finish().records, identity.map { RequestIdentity($0.message, digest: $0.digest) })
  }

  func report(_ settlement: Settlement, _ error: StoreError) {
    let record = settlement.records[0]
    parts.context.logger.error(
      "a record was given up: the store refuses its content",
      [
        "topic": .string(record.source.topic), "partition": .integer(Int(record.source.partition)),
        "offset": .integer(Int(record.offset)), "error": .string(Quarantine.reason(settlement.special[0]?.work, error)),
      ])
  }

  private static func reason(_ work: StreamWork?, _ error: StoreError) -> String {
    work.map { "stream \($0.stream): \(error.message)" } ?? error.message
  }
}
