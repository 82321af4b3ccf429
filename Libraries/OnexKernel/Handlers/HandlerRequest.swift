import OnexCore
import OnexJSON

/// A request as its handler sees it.
public struct HandlerRequest: Sendable {
  public let operation: Operation
  /// A JSON object, as it was sent.
  public let payload: Bytes
  public let envelopeID: EnvelopeID
  public let correlationID: CorrelationID
  private let givenKey: String?
  /// The latest moment at which an answer is still of use.
  public let deadline: Timestamp?
  /// What is left for this attempt.
  public let timeout: Duration
  /// 1 for the first.
  public let attempt: Int

  public init(
    operation: Operation, payload: Bytes, envelopeID: EnvelopeID, correlationID: CorrelationID, idempotencyKey: String?,
    deadline: Timestamp?, timeout: Duration, attempt: Int
  ) {
    self.operation = operation
    self.payload = payload
    self.envelopeID = envelopeID
    self.correlationID = correlationID
    self.givenKey = idempotencyKey
    self.deadline = deadline
    self.timeout = timeout
    self.attempt = attempt
  }

  /// Hand this to whatever is called: it is the same for every attempt and every redelivery of this request.
  public var idempotencyKey: String { givenKey ?? envelopeID.description }

  /// The payload as a tree.
  ///
  /// - Throws: `HandlerError` with `SCHEMA_VIOLATION` when a name occurs twice in one object.
  public func json() throws(HandlerError) -> JSONValue {
    do {
      return try JSONValue.parse(payload)
    } catch {
      throw HandlerError(.schemaViolation, "payload: \(error)")
    }
  }
}
