import OnexCore

/// What a record, or a timer, asks of a stream.
public struct StreamWork: Sendable {
  let stream: StreamName
  let reducer: LoadedReducer
  let input: StreamInput
  let identity: RequestIdentity
  /// Where the input is a request.
  let envelope: Envelope?
  let correlationID: CorrelationID
  /// `nil` for a timer.
  let causationID: EnvelopeID?

  /// Under what an earlier answer may be recorded.
  var lookups: [MessageIdentity] {
    guard let envelope else { return [identity.message] }
    let own = [identity.message, .response(envelope.responseID)]
    guard envelope.idempotencyKey != nil, reducer.kind == .reducer else { return own }
    return own + [envelope.identity]
  }
}

/// The reducer of a handler's streams.
final class LoadedReducer: Sendable {
  let handler: String
  let kind: HandlerKind
  let reducer: any Reducer

  init(handler: String, kind: HandlerKind, reducer: any Reducer) {
    self.handler = handler
    self.kind = kind
    self.reducer = reducer
  }

  func project(_ stream: StreamName, _ state: JSONValue, _ event: StreamEvent) throws -> [ProjectionChange] {
    try reducer.project(stream, state, event).map { change in
      var change = change
      change.stream = stream
      return change
    }
  }
}
