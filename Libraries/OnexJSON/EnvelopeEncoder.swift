import OnexCore

/// Writes envelopes. The payload, the metadata and unknown fields go out as the bytes they came in.
extension JSONWriter {
  public mutating func request(_ envelope: Envelope) {
    beginObject()
    name("envelope_version" as StaticString)
    string(Envelope.version)
    name("envelope_id" as StaticString)
    uuid(envelope.envelopeID.uuid)
    name("correlation_id" as StaticString)
    uuid(envelope.correlationID.uuid)
    optional("causation_id", envelope.causationID)
    name("operation" as StaticString)
    string(envelope.operation.name)
    optional("idempotency_key", envelope.idempotencyKey)
    optional("timestamp", envelope.timestamp)
    optional("deadline", envelope.deadline)
    optional("source_node", envelope.sourceNode)
    optional("target_node", envelope.targetNode)
    optional("metadata", envelope.metadata)
    for field in envelope.extensions { raw(field) }
    name("payload" as StaticString)
    raw(envelope.payload)
    endObject()
  }

  public mutating func response(_ response: ResponseEnvelope) {
    beginObject()
    name("envelope_version" as StaticString)
    string(Envelope.version)
    name("envelope_id" as StaticString)
    uuid(response.envelopeID.uuid)
    name("correlation_id" as StaticString)
    uuid(response.correlationID.uuid)
    optional("causation_id", response.causationID)
    if let operation = response.operation {
      name("operation" as StaticString)
      string(operation.name)
    }
    name("is_response" as StaticString)
    boolean(true)
    name("success" as StaticString)
    if case .success = response.outcome { boolean(true) } else { boolean(false) }
    optional("handler", response.handler)
    name("duration_ms" as StaticString)
    milliseconds(response.duration)
    optional("timestamp", response.timestamp)
    optional("idempotency_key", response.idempotencyKey)
    optional("source_node", response.sourceNode)
    optional("target_node", response.targetNode)
    optional("metadata", response.metadata)
    for field in response.extensions { raw(field) }
    switch response.outcome {
    case .success(let payload):
      name("payload" as StaticString)
      raw(payload)
    case .failure(let error): failure(error)
    }
    endObject()
  }

  private mutating func failure(_ error: ResponseError) {
    name("error" as StaticString)
    beginObject()
    name("code" as StaticString)
    string(error.code.rawValue)
    name("message" as StaticString)
    string(error.message)
    if let details = error.details {
      name("details" as StaticString)
      value(details)
    }
    name("retryable" as StaticString)
    boolean(error.isRetryable)
    endObject()
  }

  private mutating func optional(_ name: StaticString, _ id: EnvelopeID?) {
    guard let id else { return }
    self.name(name)
    uuid(id.uuid)
  }

  private mutating func optional(_ name: StaticString, _ text: String?) {
    guard let text else { return }
    self.name(name)
    string(text)
  }

  private mutating func optional(_ name: StaticString, _ timestamp: Timestamp?) {
    guard let timestamp else { return }
    self.name(name)
    self.timestamp(timestamp)
  }

  private mutating func optional(_ name: StaticString, _ value: Bytes?) {
    guard let value else { return }
    self.name(name)
    raw(value)
  }
}
