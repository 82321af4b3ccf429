import OnexCore
import OnexJSON

/// Answers to requests that were answered before, or whose identity belongs to another request.
///
/// An answer belongs to a request and its address to the message at hand: what was recorded is addressed to the ids, and to the reply
/// address, of the message that repeats the request.
struct AnswerReplay {
  /// The topic of answers.
  let topic: String
  let outputBytesMax: Int
  let now: Timestamp
  /// Answers leave the runtime: none carries the runtime's own fields, and those in a request were forged.
  let isFinal: Bool
  /// The broker's cluster id, part of the identity of a request without `envelope_id`.
  var clusterID = ""

  /// The outputs for `envelope`, which came in `record`: the recorded ones, or `CONFLICT` when they answer another request.
  func outputs(_ recorded: RecordedAnswer, for envelope: Envelope, in record: ConsumedRecord) -> [OutboundRecord] {
    let envelope = isFinal ? envelope.withoutRuntimeFields : envelope
    if let earlier = recorded.digest, earlier != envelope.digest { return conflict(envelope, in: record) }
    guard var response = answer(in: recorded, to: envelope) else {
      return recorded.outputs.count == 1 ? forward(recorded.outputs[0], envelope.correlationID) : recorded.outputs
    }
    if response.causationID == envelope.envelopeID, response.correlationID == envelope.correlationID {
      // The same message. Several outputs may have been lost with the first publication; they carry no address of this message.
      let isSameAddress = RuntimeField.address(in: response.extensions) == RuntimeField.address(in: envelope.extensions)
      if isSameAddress || recorded.outputs.count > 1 { return recorded.outputs }
    }
    response.address(to: envelope)
    return respond(response, to: record)
  }

  /// The recorded answer; `nil` where the outputs hold none, as those of a request that was forwarded.
  ///
  /// The outputs of a reducer may hold requests and answers to others beside the answer to the request, which comes first among them.
  private func answer(in recorded: RecordedAnswer, to envelope: Envelope) -> ResponseEnvelope? {
    var decoder = ResponseDecoder()
    var first: ResponseEnvelope?
    for output in recorded.outputs {
      guard case .success(let response) = decoder.decode(read(output)) else { continue }
      if response.causationID == envelope.envelopeID { return response }
      first = first ?? response
    }
    return first
  }

  /// The outputs for a record that was decided without keeping its envelope. Rare: the record is read once more.
  ///
  /// - Parameter isSuperseded: the record is a response that lost against its request's deadline when it came first.
  func outputs(_ recorded: RecordedAnswer, for record: ConsumedRecord, isSuperseded: Bool = false) -> [OutboundRecord] {
    if let envelope = request(in: record) { return outputs(recorded, for: envelope, in: record) }
    var decoder = ResponseDecoder()
    guard case .success(var response) = decoder.decode(record) else { return recorded.outputs }
    if isSuperseded {
      response.outcome = .failure(HandlerRunner.deadlineExceeded)
      response.handler = nil
      response.extensions = RuntimeField.without(response.extensions)
      return respond(response, to: record)
    }
    guard let first = recorded.outputs.first, recorded.outputs.count == 1,
      // A stream may have answered another request when this response came. That answer keeps its address.
      case .success(var final) = decoder.decode(read(first)), final.envelopeID == response.envelopeID,
      final.correlationID != response.correlationID
    else { return recorded.outputs }
    final.correlationID = response.correlationID
    return respond(final, to: record)
  }

  /// The answer to a request whose identity belongs to another one; nothing for a record that is no request.
  func conflict(for record: ConsumedRecord) -> [OutboundRecord] {
    request(in: record).map { conflict($0, in: record) } ?? []
  }

  func conflict(_ envelope: Envelope, in record: ConsumedRecord) -> [OutboundRecord] {
    let field = envelope.idempotencyKey == nil ? "envelope_id" : "idempotency_key or envelope_id"
    let error = ResponseError(
      .conflict, "the \(field) was used for another request: operation and payload must be the same each time, byte for byte")
    var response = ResponseEnvelope(answering: envelope, handler: nil, duration: .zero, timestamp: now, outcome: .failure(error))
    response.envelopeID = envelope.conflictID
    return respond(response, to: record)
  }

  func deadlineExceeded(_ envelope: Envelope, in record: ConsumedRecord) -> [OutboundRecord] {
    respond(
      ResponseEnvelope(
        answering: envelope, handler: nil, duration: .zero, timestamp: now, outcome: .failure(HandlerRunner.deadlineExceeded)),
      to: record)
  }

  /// The deadline that a recorded request to a role carries.
  func deadline(of forwarded: OutboundRecord) -> Timestamp? {
    var decoder = EnvelopeDecoder(limits: EnvelopeDecoder.Limits(payloadBytesMax: .max, recordBytesMax: .max))
    guard case .success(let envelope) = decoder.decode(read(forwarded)) else { return nil }
    return envelope.deadline
  }

  /// The request that a record holds, with the origin that it was given when it came first.
  func request(in record: ConsumedRecord) -> Envelope? {
    var decoder = EnvelopeDecoder(
      limits: EnvelopeDecoder.Limits(payloadBytesMax: .max, recordBytesMax: .max), cluster: clusterID)
    guard case .success(var envelope) = decoder.decode(record) else { return nil }
    if isFinal { return envelope.withoutRuntimeFields }
    envelope.readOrigin()
    return envelope
  }

  /// A recorded request to a role, with the correlation id of the message at hand. It keeps its key, and so its place behind the first.
  private func forward(_ recorded: OutboundRecord, _ correlation: CorrelationID) -> [OutboundRecord] {
    var decoder = EnvelopeDecoder(limits: EnvelopeDecoder.Limits(payloadBytesMax: .max, recordBytesMax: .max))
    guard case .success(var envelope) = decoder.decode(read(recorded)), envelope.correlationID != correlation else {
      return [recorded]
    }
    envelope.correlationID = correlation
    var writer = JSONWriter(capacity: 1024)
    writer.request(envelope)
    return [
      OutboundRecord(
        topic: recorded.topic, partition: recorded.partition, key: recorded.key, value: writer.finish(),
        messageID: recorded.messageID, headers: recorded.headers)
    ]
  }

  private func read(_ output: OutboundRecord) -> ConsumedRecord {
    ConsumedRecord(
      source: TopicPartition(output.topic, 0), offset: 0, key: output.key, value: output.value, headers: output.headers,
      timestamp: nil)
  }

  private func respond(_ response: ResponseEnvelope, to record: ConsumedRecord) -> [OutboundRecord] {
    var batch = OutputBatch(outputBytesMax: outputBytesMax, capacity: 1024)
    batch.respond(response, to: record, topic: topic, owner: 0)
    return batch.finish().records
  }
}

extension ResponseEnvelope {
  /// Makes this the answer to `request`, which asks for what was answered before.
  fileprivate mutating func address(to request: Envelope) {
    envelopeID = request.responseID
    correlationID = request.correlationID
    causationID = request.envelopeID
    idempotencyKey = request.idempotencyKey
    sourceNode = request.targetNode
    targetNode = request.sourceNode
    metadata = request.metadata
    extensions = request.extensions
  }
}

extension Envelope {
  fileprivate var withoutRuntimeFields: Envelope {
    var envelope = self
    envelope.extensions = RuntimeField.without(extensions)
    return envelope
  }

  /// The identity under which an outcome is recorded. An outcome that another attempt may change is recorded for this message alone, so
  /// that a repeat under the same key runs again: a failure that may be retried, and a deadline, which belongs to the message.
  func requestIdentity(for outcome: ResponseEnvelope.Outcome) -> RequestIdentity {
    if case .failure(let error) = outcome, error.isRetryable || error.code == .deadlineExceeded { return ownIdentity }
    return requestIdentity
  }
}
