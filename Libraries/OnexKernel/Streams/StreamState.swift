import OnexCore
import OnexJSON

/// A stream's state as it is kept: the reducer's own, and the requests that still wait for their answer. The fold of the journal.
public struct StreamState: Sendable, Hashable {
  struct OpenRequest: Sendable, Hashable {
    let id: EnvelopeID
    /// `RequestStub`, encoded.
    let stub: Bytes
    let openedAt: Timestamp
  }

  /// Events of the kernel itself; reducers see none of them.
  enum KernelEvent {
    static let prefix = "onex."
    static let opened = "onex.request_opened"
    static let answered = "onex.request_answered"
    /// After a restore: the request was answered after the dump. The events that follow make the state agree with that answer.
    static let reconciled = "onex.reconciled"
  }

  public internal(set) var body: JSONValue?
  var open: [OpenRequest] = []
  /// Of the first event.
  var correlationID: CorrelationID?

  init() {}

  /// - Throws: for a state that no version of this program wrote.
  public init(_ text: Bytes) throws {
    let value = try JSONValue.parse(text, depthMax: StreamState.depthMax)
    body = value["state"].flatMap { $0.isNull ? nil : $0 }
    correlationID = value["correlation_id"]?.string.flatMap { RawUUID($0) }.map { CorrelationID($0) }
    for entry in value["open"]?.array ?? [] {
      guard let id = entry["id"]?.string.flatMap({ RawUUID($0) }), let stub = entry["stub"]?.string.flatMap({ Base64.decode($0) })
      else { throw HandlerError(.internalError, "the state of a stream lists a request that cannot be read") }
      let openedAt = Timestamp(microseconds: entry["opened_at"]?.integer ?? 0)
      open.append(OpenRequest(id: EnvelopeID(id), stub: stub, openedAt: openedAt))
    }
  }

  /// A state wraps payloads, which may be as deep as a document may be.
  private static let depthMax = 2 * JSONParser.depthMax

  var encoded: Bytes {
    let requests = open.map { request in
      JSONValue.object(
        JSONObject([
          ("id", .string(request.id.description)), ("stub", .string(Base64.encode(request.stub))),
          ("opened_at", .integer(request.openedAt.microseconds)),
        ]))
    }
    let correlation = correlationID.map { JSONValue.string($0.description) } ?? .null
    return JSONValue.object(
      JSONObject([("correlation_id", correlation), ("open", .array(requests)), ("state", body ?? .null)])
    ).encoded()
  }

  /// The next state, by an event of the kernel or of the reducer.
  mutating func apply(_ event: StreamEvent, _ reducer: any Reducer) throws {
    switch event.type {
    case KernelEvent.opened:
      guard let id = event.payload["id"]?.string.flatMap({ RawUUID($0) }),
        let stub = event.payload["stub"]?.string.flatMap({ Base64.decode($0) })
      else { throw HandlerError(.internalError, "the event \(event.type) cannot be read") }
      open.append(OpenRequest(id: EnvelopeID(id), stub: stub, openedAt: event.time))
    case KernelEvent.answered:
      let id = event.payload["id"]?.string
      open.removeAll { $0.id.description == id }
    case KernelEvent.reconciled: break
    default:
      body = try reducer.evolve(body, event)
    }
  }
}

extension StreamEvent {
  /// As it was journaled.
  init(_ event: JournalEvent) throws {
    self.init(type: event.type, payload: try JSONValue.parse(event.payload, depthMax: 2 * JSONParser.depthMax), time: event.time)
  }
}
