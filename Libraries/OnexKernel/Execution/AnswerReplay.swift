import OnexCore
import OnexJSON

/// What a request gets that was answered before.
enum AnswerReplay {
  /// The outputs for `envelope`, which came in `record`: the recorded ones, addressed to whoever sent it again and waits for its own
  /// ids; or `CONFLICT` when the key stands for another request.
  static func outputs(
    _ recorded: RecordedAnswer, for envelope: Envelope, in record: ConsumedRecord, topic: String, bytesMax: Int, now: Timestamp
  ) -> [OutboundRecord] {
    if let digest = envelope.digest, let earlier = recorded.digest, digest != earlier {
      return respond(conflict(envelope, now), to: record, topic, bytesMax)
    }
    var decoder = ResponseDecoder()
    guard let first = recorded.outputs.first, recorded.outputs.count == 1,
      case .success(var response) = decoder.decode(
        ConsumedRecord(source: record.source, offset: record.offset, key: nil, value: first.value, timestamp: nil)),
      response.causationID != envelope.envelopeID
    else { return recorded.outputs }
    response.envelopeID = envelope.envelopeID.derived("response")
    response.correlationID = envelope.correlationID
    response.causationID = envelope.envelopeID
    return respond(response, to: record, topic, bytesMax)
  }

  /// The same for a record that was decided without keeping its envelope. Rare: it is read once more.
  static func outputs(
    _ recorded: RecordedAnswer, for record: ConsumedRecord, topic: String, bytesMax: Int, now: Timestamp
  ) -> [OutboundRecord] {
    var decoder = EnvelopeDecoder(limits: EnvelopeDecoder.Limits(payloadBytesMax: .max, recordBytesMax: .max))
    guard case .success(let envelope) = decoder.decode(record) else { return recorded.outputs }
    return outputs(recorded, for: envelope, in: record, topic: topic, bytesMax: bytesMax, now: now)
  }

  /// What a request gets whose key stands for another one.
  static func conflict(for record: ConsumedRecord, topic: String, bytesMax: Int, now: Timestamp) -> [OutboundRecord] {
    var decoder = EnvelopeDecoder(limits: EnvelopeDecoder.Limits(payloadBytesMax: .max, recordBytesMax: .max))
    guard case .success(let envelope) = decoder.decode(record) else { return [] }
    return respond(conflict(envelope, now), to: record, topic, bytesMax)
  }

  private static func conflict(_ envelope: Envelope, _ now: Timestamp) -> ResponseEnvelope {
    let error = ResponseError(
      .conflict, "the idempotency key was used for another request: operation and payload must be the same each time")
    return ResponseEnvelope(answering: envelope, handler: nil, duration: .zero, timestamp: now, outcome: .failure(error))
  }

  private static func respond(
    _ response: ResponseEnvelope, to record: ConsumedRecord, _ topic: String, _ bytesMax: Int
  ) -> [OutboundRecord] {
    var batch = OutputBatch(outputBytesMax: bytesMax, capacity: 1024)
    batch.respond(response, to: record, topic: topic, owner: 0)
    return batch.finish().records
  }
}

extension Envelope {
  /// Under what an answer is recorded. A failure that may be tried again is recorded for this message alone, so that trying again
  /// under the same key runs again.
  func requestIdentity(for outcome: ResponseEnvelope.Outcome) -> RequestIdentity {
    if case .failure(let error) = outcome, error.isRetryable { return RequestIdentity(.envelope(envelopeID)) }
    return requestIdentity
  }
}
