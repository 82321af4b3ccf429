import OnexCore
import OnexJSON
import OnexKernel

func setup(
  allowedHosts: [String] = [], allowedPaths: [String] = [], http: (any HTTPClient)? = nil
) throws -> HandlerSetup {
  guard let handlerClass = HandlerClass("OnexEffects.Some") else { preconditionFailure("a class name") }
  let contract = HandlerContract(
    name: "the-contract", handlerClass: handlerClass, kind: .effect, operations: .listed([]),
    security: ContractSecurity(allowedHosts: allowedHosts, allowedPaths: allowedPaths))
  return HandlerSetup(contract: contract, clock: SystemClock(), ids: RandomIDSource(), logger: .disabled, http: http)
}

/// Asks a handler as the runtime would.
func ask(
  _ handler: some Handler, _ operation: String, _ payload: JSONValue, key: String = "key-1", timeout: Duration = .seconds(20)
) async throws -> JSONValue {
  guard let operation = Operation(operation) else { preconditionFailure("\(operation) is no operation") }
  let id = RawUUID(random: 1, 2)
  let request = HandlerRequest(
    operation: operation, payload: payload.encoded(), envelopeID: EnvelopeID(id), correlationID: CorrelationID(id),
    idempotencyKey: key, deadline: nil, timeout: timeout, attempt: 1)
  return try JSONValue.parse(try await handler.handle(request))
}

/// The error that a handler answers with; `nil` when it answers.
func refusal(_ handler: some Handler, _ operation: String, _ payload: JSONValue) async -> HandlerError? {
  do {
    _ = try await ask(handler, operation, payload)
    return nil
  } catch {
    return error as? HandlerError
  }
}

func refusedPath(_ error: HandlerError?) -> String? {
  error?.code == .schemaViolation ? error?.details?.array?.first?["path"]?.string : nil
}
