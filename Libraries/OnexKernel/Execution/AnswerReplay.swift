import OnexCore
import OnexJSON

/// The answer to a request that was answered before.
///
/// An answer is recorded once and given out any number of times. Everything that says where it belongs comes from the request at
/// hand: ids, routing, metadata and the reply mark (`onex_reply_to`), which is a different one for every attempt of a workflow's
/// step and for every deadline.
enum AnswerReplay {
  /// Returns the recorded outputs, their answer addressed to `envelope`, or `CONFLICT` when the key belongs to another request.
  ///
  /// - Parameters:
  ///   - record: the record that held `envelope`.
  ///   - isFinal: the answer leaves the runtime, so that no reply mark may be in it; one in `envelope` was forged.
  static func outputs(
    _ recorded: RecordedAnswer, for envelope: Envelope, in record: ConsumedRecord, topic: String, bytesMax: Int, now: Timestamp,
    isFinal: Bool = false
  ) -> [OutboundRecord] {
    let envelope = isFinal ? AnswerReplay.unmarked(envelope) : envelope
    if let digest = envelope.digest, let earlier = recorded.digest, digest != earlier {
      return respond(conflict(envelope, now), to: record, topic, bytesMax)
    }
    guard let earlier = answer(in: recorded, to: envelope, record) else { return recorded.outputs }
    if earlier.causationID == envelope.envelopeID {
      // The same message again. Several outputs may have been lost with the first publication; they carry no mark of this message.
      guard recorded.outputs.count == 1, ReplyMark.fields(of: earlier.extensions) != ReplyMark.fields(of: envelope.extensions)
      else { return recorded.outputs }
    }
    let response = ResponseEnvelope(
      answering: envelope, handler: earlier.handler, duration: earlier.duration, timestamp: earlier.timestamp,
      outcome: earlier.outcome)
    return respond(response, to: record, topic, bytesMax)
  }

  /// The recorded answer; `nil` where the outputs hold none, as those of a request that was passed on.
  ///
  /// Under an idempotency key the outputs of a reducer may hold requests and answers to others beside the answer to the key's own
  /// request, which is the first answer among them.
  private static func answer(in recorded: RecordedAnswer, to envelope: Envelope, _ record: ConsumedRecord) -> ResponseEnvelope? {
    var decoder = ResponseDecoder()
    var first: ResponseEnvelope?
    for output in recorded.outputs {
      let read = ConsumedRecord(source: record.source, offset: record.offset, key: nil, value: output.value, timestamp: nil)
      guard case .success(let response) = decoder.decode(read) else { continue }
      if response.causationID == envelope.envelopeID { return response }
      first = first ?? response
    }
    return first
  }

  /// As above, for a record that was decided without keeping its envelope. Repeats are rare: the record is decoded once more.
  static func outputs(
    _ recorded: RecordedAnswer, for record: ConsumedRecord, topic: String, bytesMax: Int, now: Timestamp, isFinal: Bool = false
  ) -> [OutboundRecord] {
    guard let envelope = envelope(in: record) else { return recorded.outputs }
    return outputs(recorded, for: envelope, in: record, topic: topic, bytesMax: bytesMax, now: now, isFinal: isFinal)
  }

  /// The answer to a request whose idempotency key belongs to another one.
  static func conflict(
    for record: ConsumedRecord, topic: String, bytesMax: Int, now: Timestamp, isFinal: Bool = false
  ) -> [OutboundRecord] {
    guard let envelope = envelope(in: record) else { return [] }
    return respond(conflict(isFinal ? unmarked(envelope) : envelope, now), to: record, topic, bytesMax)
  }

  /// `nil` for a record that is no request, such as a response.
  private static func envelope(in record: ConsumedRecord) -> Envelope? {
    var decoder = EnvelopeDecoder(limits: EnvelopeDecoder.Limits(payloadBytesMax: .max, recordBytesMax: .max))
    guard case .success(let envelope) = decoder.decode(record) else { return nil }
    return envelope
  }

  private static func unmarked(_ envelope: Envelope) -> Envelope {
    var envelope = envelope
    envelope.extensions = ReplyMark.without(envelope.extensions)
    return envelope
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
