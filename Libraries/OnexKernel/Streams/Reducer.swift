import OnexCore

/// Keeps state by stream. A type that conforms is named by the contract of a `reducer` or `orchestrator` as `Module.Type`.
///
/// Pure: the same arguments always give the same result. Time is handed in; there is no I/O, no randomness and no memory outside the
/// state. `decide` may change from release to release; `evolve` must go on understanding every event that was ever journaled, since
/// the state of a stream is the fold of its events.
public protocol Reducer: Sendable {
  /// `Module.Type`; the default is the Swift type's own full name.
  static var className: String { get }

  /// Called once, before the first input. Throwing marks the handler as failed (`IMPORT_ERROR`); the others go on.
  init(_ setup: ReducerSetup) throws

  /// What follows from an input.
  ///
  /// - Parameter state: `nil` for a stream that has no events yet.
  /// - Throws: `HandlerError` to refuse a request with a code of its own; anything else becomes `HANDLER_FAILED`. Nothing of the
  ///   input is kept then.
  func decide(_ state: JSONValue?, _ input: StreamInput, now: Timestamp) throws -> Reaction

  /// The state after an event.
  func evolve(_ state: JSONValue?, _ event: StreamEvent) throws -> JSONValue

  /// A reducer that goes on with streams whose contract was removed or cannot be loaded; `nil` where the contract is needed for that.
  static var withoutContract: (any Reducer)? { get }

  /// Whether a state was made by this kind of reducer. Asked of `withoutContract` alone.
  func owns(_ state: JSONValue) -> Bool

  /// The facts that make a restored state agree with an answer that a client already has, and whether anything is still expected to
  /// happen. The dump is older than the answer: how the stream came to it is lost.
  func settle(_ state: JSONValue, _ answer: ResponseEnvelope.Outcome, now: Timestamp) throws -> (
    events: [NewEvent], isClosed: Bool
  )

  /// What read models show after an event that led to `state`.
  func project(_ stream: StreamName, _ state: JSONValue, _ event: StreamEvent) throws -> [ProjectionChange]
}

extension Reducer {
  public static var className: String { String(reflecting: self) }
  public static var withoutContract: (any Reducer)? { nil }

  public func owns(_ state: JSONValue) -> Bool { false }

  /// Nothing, for a reducer whose streams go on after an answer: the request is not answered again.
  public func settle(
    _ state: JSONValue, _ answer: ResponseEnvelope.Outcome, now: Timestamp
  ) throws -> (events: [NewEvent], isClosed: Bool) { ([], false) }

  public func project(_ stream: StreamName, _ state: JSONValue, _ event: StreamEvent) throws -> [ProjectionChange] { [] }
}

/// What a reducer is made from.
public struct ReducerSetup: Sendable {
  public let contract: HandlerContract

  public init(contract: HandlerContract) { self.contract = contract }
}

/// What comes to a stream.
public enum StreamInput: Sendable {
  case request(StreamRequest)
  /// The answer to one of the stream's own intents, by the intent's name.
  case response(intent: String, IntentResult)
  /// A timer of the stream has fired.
  case timer(name: String)
}

public struct StreamRequest: Sendable {
  public let stream: StreamName
  public let operation: Operation
  public let payload: JSONValue
  public let envelopeID: EnvelopeID
  public let correlationID: CorrelationID
  /// What the request asks for, to tell a repeat under the same key from another request.
  public let digest: RequestDigest
  public let deadline: Timestamp?

  public init(
    stream: StreamName, operation: Operation, payload: JSONValue, envelopeID: EnvelopeID, correlationID: CorrelationID,
    digest: RequestDigest, deadline: Timestamp?
  ) {
    self.stream = stream
    self.operation = operation
    self.payload = payload
    self.envelopeID = envelopeID
    self.correlationID = correlationID
    self.digest = digest
    self.deadline = deadline
  }
}

public enum IntentResult: Sendable {
  case success(JSONValue)
  case failure(ResponseError)
}

public struct StreamEvent: Sendable, Hashable {
  public let type: String
  public let payload: JSONValue
  public let time: Timestamp

  public init(type: String, payload: JSONValue, time: Timestamp) {
    self.type = type
    self.payload = payload
    self.time = time
  }
}
