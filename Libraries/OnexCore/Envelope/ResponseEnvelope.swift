/// The answer to a request (WIRE "Envelope", response).
public struct ResponseEnvelope: Sendable {
  public enum Outcome: Sendable {
    /// A JSON object, raw.
    case success(Bytes)
    case failure(ResponseError)
  }

  public var operation: Operation?
  public var envelopeID: EnvelopeID
  public var correlationID: CorrelationID
  /// The request's id; `nil` only where the request was unreadable and carried none.
  public var causationID: EnvelopeID?
  public var idempotencyKey: String?
  /// The contract's name of the handler that ran; `nil` when none did.
  public var handler: String?
  public var duration: Duration
  public var timestamp: Timestamp
  public var sourceNode: String?
  public var targetNode: String?
  public var metadata: Bytes?
  public var extensions: [RawField]
  public var outcome: Outcome

  public init(
    answering request: Envelope, handler: String?, duration: Duration, timestamp: Timestamp, outcome: Outcome
  ) {
    self.operation = request.operation
    self.envelopeID = request.responseID
    self.correlationID = request.correlationID
    self.causationID = request.envelopeID
    self.idempotencyKey = request.idempotencyKey
    self.handler = handler
    self.duration = duration
    self.timestamp = timestamp
    // The answer goes back where the request came from.
    self.sourceNode = request.targetNode
    self.targetNode = request.sourceNode
    self.metadata = request.metadata
    self.extensions = request.extensions
    self.outcome = outcome
  }

  /// The answer to a record that could not be read as an envelope but whose correlation id could.
  public init(rejecting record: RejectedRecord, correlationID: CorrelationID, timestamp: Timestamp) {
    self.operation = record.operation
    self.envelopeID = record.identity.derived("rejection")
    self.correlationID = correlationID
    self.causationID = record.identity
    self.duration = .zero
    self.timestamp = timestamp
    self.extensions = []
    self.outcome = .failure(record.error)
  }

  /// A response as it was read from the wire.
  public init(
    operation: Operation?, envelopeID: EnvelopeID, correlationID: CorrelationID, causationID: EnvelopeID?,
    duration: Duration, timestamp: Timestamp, outcome: Outcome
  ) {
    self.operation = operation
    self.envelopeID = envelopeID
    self.correlationID = correlationID
    self.causationID = causationID
    self.duration = duration
    self.timestamp = timestamp
    self.extensions = []
    self.outcome = outcome
  }
}
