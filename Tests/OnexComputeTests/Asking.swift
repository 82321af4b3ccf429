import OnexCore
import OnexJSON
import OnexKernel

/// Asks a handler as the runtime would.
func ask(_ handler: some ComputeHandler, _ operation: String, _ payload: Bytes) throws -> Bytes {
  guard let operation = Operation(operation) else { preconditionFailure("\(operation) is no operation") }
  let id = RawUUID(random: 1, 2)
  let request = HandlerRequest(
    operation: operation, payload: payload, envelopeID: EnvelopeID(id), correlationID: CorrelationID(id),
    idempotencyKey: "key", deadline: nil, timeout: .seconds(1), attempt: 1)
  return try handler.compute(request)
}

/// The error that a handler answers with; `nil` when it answers.
func refusal(_ handler: some ComputeHandler, _ operation: String, _ payload: Bytes) -> HandlerError? {
  do {
    _ = try ask(handler, operation, payload)
    return nil
  } catch {
    return error as? HandlerError
  }
}

/// Where a payload is wrong, as the error's details say it.
func refusedPath(_ handler: some ComputeHandler, _ operation: String, _ payload: Bytes) -> String? {
  let error = refusal(handler, operation, payload)
  return error?.code == .schemaViolation ? error?.details?.array?.first?["path"]?.string : nil
}

func json(_ text: Bytes) throws -> JSONValue { try JSONValue.parse(text) }
