import OnexCore

/// Where streams send what they ask for, and who folds them.
public struct StreamRouter: Sendable {
  let operations: OperationRouter
  let reducers: ReducerTable
  let topics: RoutingTopics
  let signer: ReplySigner

  public init(
    operations: OperationRouter, reducers: ReducerTable, topics: RoutingTopics, signer: ReplySigner = ReplySigner(keys: [])
  ) {
    self.operations = operations
    self.reducers = reducers
    self.topics = topics
    self.signer = signer
  }

  func topic(of operation: Operation) -> Result<String, ResponseError> {
    guard let route = operations.route(operation) else {
      return .failure(ResponseError(.unknownOperation, "no contract answers the operation \(operation)"))
    }
    switch route.contract.kind {
    case .effect: return .success(topics.effectRequests)
    case .compute: return .success(topics.workerRequests)
    case .reducer, .orchestrator:
      return .failure(
        ResponseError(
          .notAllowed, "\(operation) is of kind \(route.contract.kind.rawValue); a stream can ask for effects and compute only"))
    }
  }

  /// What a request asks of a stream; why not, where it cannot.
  func work(_ envelope: Envelope, _ payload: JSONValue, _ record: ConsumedRecord, _ contract: HandlerContract) -> Result<
    StreamWork, ResponseError
  > {
    guard let reducer = reducers[contract.name] else {
      let reason = reducers.failure(of: contract.name) ?? "it is not linked into this service"
      return .failure(ResponseError(.handlerUnavailable, "the handler \(contract.name) could not be loaded: \(reason)"))
    }
    let stream: StreamName
    switch StreamRouter.stream(envelope, payload, contract) {
    case .success(let name): stream = name
    case .failure(let error): return .failure(error)
    }
    let request = StreamRequest(
      stream: stream, operation: envelope.operation, payload: payload, envelopeID: envelope.envelopeID,
      correlationID: envelope.correlationID,
      digest: envelope.digest, deadline: envelope.deadline)
    return .success(
      StreamWork(
        stream: stream, reducer: reducer, input: .request(request), identity: envelope.ownIdentity,
        envelope: envelope, correlationID: envelope.correlationID, causationID: envelope.envelopeID))
  }

  /// An orchestrator has a stream for each run; a reducer one for each key that its contract points at.
  private static func stream(
    _ envelope: Envelope, _ payload: JSONValue, _ contract: HandlerContract
  ) -> Result<StreamName, ResponseError> {
    func refused(_ message: String) -> Result<StreamName, ResponseError> { .failure(ResponseError(.schemaViolation, message)) }
    if contract.kind == .orchestrator {
      return .success(StreamName(handler: contract.name, key: envelope.identity.uuid.description))
    }
    guard let pointer = contract.streamKey else {
      return .success(StreamName(handler: contract.name, key: envelope.correlationID.description))
    }
    let key: String
    switch pointer.resolve(in: payload) {
    case .string(let text)? where !text.isEmpty: key = text
    case .number(let number)?: key = number.literal
    default:
      return refused("the payload needs a text or a number at \(pointer): it says which stream of \(contract.name) is meant")
    }
    guard key.utf8.count <= StreamName.keyBytesMax, !key.utf8.contains(0) else {
      return refused("the value at \(pointer) has \(key.utf8.count) bytes; a stream's key has at most \(StreamName.keyBytesMax)")
    }
    return .success(StreamName(handler: contract.name, key: key))
  }
}
