import OnexCore

/// What a reducer wants to happen, all of it or nothing.
public struct Reaction: Sendable {
  /// Who is answered, and with what.
  public enum Answer: Sendable {
    /// A request that gets no answer now waits for a later one.
    case none
    /// The request at hand.
    case current(ResponseEnvelope.Outcome)
    /// The request at hand and all that wait.
    case everyone(ResponseEnvelope.Outcome)
  }

  public enum Timer: Sendable, Hashable {
    /// Setting a timer that is set moves it.
    case set(name: String, at: Timestamp)
    case cancel(name: String)
  }

  /// Facts, in order: what the state is made of.
  public var events: [NewEvent] = []
  public var intents: [Intent] = []
  public var timers: [Timer] = []
  public var answer = Answer.none
  /// Nothing more is expected to happen in the stream; after the retention it may be deleted.
  public var isClosed = false

  public init() {}
}

public struct NewEvent: Sendable, Hashable {
  public let type: String
  public let payload: JSONValue

  public init(_ type: String, _ payload: JSONValue) {
    self.type = type
    self.payload = payload
  }
}

/// A request to another handler. Its response comes back as an input of the stream.
public struct Intent: Sendable, Hashable {
  /// Unique in the stream: the message's identity follows from it, so that a repeat is known as one.
  public let name: String
  public let operation: Operation
  public let payload: Bytes
  public let idempotencyKey: String?
  public let deadline: Timestamp?
  /// Intents of the stream with the same text are worked on one after the other, in the order in which they were sent.
  public let order: String

  /// - Parameter order: `name` when it is left out, so that the intent waits for no other.
  public init(
    name: String, operation: Operation, payload: Bytes, idempotencyKey: String? = nil, deadline: Timestamp? = nil,
    order: String? = nil
  ) {
    self.name = name
    self.operation = operation
    self.payload = payload
    self.idempotencyKey = idempotencyKey
    self.deadline = deadline
    self.order = order ?? name
  }
}
