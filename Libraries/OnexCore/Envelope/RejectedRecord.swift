/// A record that is no envelope, with the cause and with whatever could be read of it.
public struct RejectedRecord: Error, Sendable {
  public let record: ConsumedRecord
  public let error: ResponseError
  /// The envelope's own id where it could be read, else the one derived from the record's place.
  public let identity: EnvelopeID
  /// Known only when it could be read: then the sender gets an error response.
  public let correlationID: CorrelationID?
  public let operation: Operation?

  public init(
    record: ConsumedRecord, error: ResponseError, identity: EnvelopeID? = nil, correlationID: CorrelationID? = nil,
    operation: Operation? = nil
  ) {
    self.record = record
    self.error = error
    self.identity =
      identity
      ?? EnvelopeID(placeOf: record)
    self.correlationID = correlationID
    self.operation = operation
  }
}
