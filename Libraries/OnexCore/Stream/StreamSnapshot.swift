/// A stream's state as it is kept beside its events, so that nothing has to be folded to go on.
public struct StreamSnapshot: Sendable, Hashable {
  /// Events so far; 0 for a stream that does not exist.
  public let version: Int64
  /// JSON text.
  public let state: Bytes

  public init(version: Int64, state: Bytes) {
    self.version = version
    self.state = state
  }
}

/// What streams and their messages were when they were looked at.
public struct LoadedStreams: Sendable {
  /// Only streams that exist.
  public var snapshots: [StreamName: StreamSnapshot]
  /// Messages that were answered before.
  public var answers: [MessageIdentity: RecordedAnswer]

  public init(snapshots: [StreamName: StreamSnapshot] = [:], answers: [MessageIdentity: RecordedAnswer] = [:]) {
    self.snapshots = snapshots
    self.answers = answers
  }
}

/// What a batch does to one stream. Refused when the stream has another version than expected.
public struct StreamChange: Sendable {
  public let stream: StreamName
  public let expectedVersion: Int64
  /// Of the request that began the stream; an operator finds the stream by it.
  public let correlationID: CorrelationID
  public let events: [JournalEvent]
  /// After the events. JSON text.
  public let state: Bytes
  /// Nothing more is expected to happen: after the retention the stream may go.
  public let isClosed: Bool

  public init(
    stream: StreamName, expectedVersion: Int64, correlationID: CorrelationID, events: [JournalEvent], state: Bytes,
    isClosed: Bool
  ) {
    self.stream = stream
    self.expectedVersion = expectedVersion
    self.correlationID = correlationID
    self.events = events
    self.state = state
    self.isClosed = isClosed
  }
}

/// A row of a read model that follows from events and can be made anew from them.
public struct ProjectionChange: Sendable, Hashable {
  /// Whose events it follows from; set by the kernel.
  public var stream: StreamName?
  public let projection: String
  public let key: String
  /// JSON text; `nil` deletes the row.
  public let value: Bytes?

  public init(projection: String, key: String, value: Bytes?) {
    self.projection = projection
    self.key = key
    self.value = value
  }
}
