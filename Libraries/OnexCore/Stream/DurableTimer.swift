/// Something that must happen at a time, also when every process dies before.
public struct DurableTimer: Sendable, Hashable {
  public enum Purpose: Sendable, Hashable {
    /// The stream gets the input `timer(name)`.
    case stream(StreamName, name: String)
    /// The request is answered `DEADLINE_EXCEEDED` unless its response comes first.
    case deadline
  }

  /// Setting a timer under an id that is set moves it.
  public let id: RawUUID
  public let due: Timestamp
  public let purpose: Purpose
  /// What must be known when it fires: for a deadline, the request's stub.
  public let payload: Bytes

  public init(id: RawUUID, due: Timestamp, purpose: Purpose, payload: Bytes = .empty) {
    self.id = id
    self.due = due
    self.purpose = purpose
    self.payload = payload
  }

  /// Identity of the message that firing is: a timer that was moved fires as another one.
  public var firing: MessageIdentity { .firing(firingID) }

  private var firingID: EnvelopeID { EnvelopeID(RawUUID(namespace: id, name: String(due.microseconds))) }
}

public enum TimerChange: Sendable, Hashable {
  case set(DurableTimer)
  case cancel(RawUUID)

  public var id: RawUUID {
    switch self {
    case .set(let timer): timer.id
    case .cancel(let id): id
    }
  }
}

/// What a commit entry means for the deadline of a request.
public enum DeadlineClaim: Sendable, Hashable {
  /// The entry is the request: its deadline is set, unless it is a repeat.
  case opens(DurableTimer)
  /// The entry is the response: it counts only while the deadline has not fired, and takes it away.
  case response(RawUUID)
  /// The entry is the deadline's firing: it counts only while no response has taken it away.
  case firing(RawUUID)
}
