/// What happened in a stream, as the journal keeps it for ever. A stream's state is the fold of its events, in order.
public struct JournalEvent: Sendable, Hashable {
  public let type: String
  /// JSON text, byte for byte as it was written.
  public let payload: Bytes
  public let correlationID: CorrelationID
  /// The message that caused it; `nil` where a timer did.
  public let causationID: EnvelopeID?
  public let time: Timestamp

  public init(type: String, payload: Bytes, correlationID: CorrelationID, causationID: EnvelopeID?, time: Timestamp) {
    self.type = type
    self.payload = payload
    self.correlationID = correlationID
    self.causationID = causationID
    self.time = time
  }
}

/// An event with its places in the journal.
public struct RecordedEvent: Sendable {
  /// Over all streams, without gaps, in the order of the commits; from 1.
  public let sequence: Int64
  public let stream: StreamName
  /// Within the stream, without gaps; from 1.
  public let streamSequence: Int64
  public let event: JournalEvent

  public init(sequence: Int64, stream: StreamName, streamSequence: Int64, event: JournalEvent) {
    self.sequence = sequence
    self.stream = stream
    self.streamSequence = streamSequence
    self.event = event
  }
}
