import OnexCommandLine
import OnexCore
import OnexJSON

/// A request as it was typed.
struct RequestDraft: Sendable {
  let text: Bytes
  let correlationID: CorrelationID
  /// The response names it as its cause.
  let envelopeID: EnvelopeID

  static let options: [(name: String, value: String)] = [
    ("--timeout", "30s"), ("--correlation-id", "UUID"), ("--idempotency-key", "KEY"), ("--deadline", "RFC3339"),
  ]

  /// - Throws: when operation, payload or an id is malformed, with what is allowed.
  init(_ arguments: ArgumentSet, ids: any IDSource, now: Timestamp) throws {
    let name = arguments.positionals[0]
    guard let operation = Operation(name) else {
      throw ControlFailure(exit: .usage, message: "the operation \"\(name)\" is not valid: \(Operation.rule)")
    }
    let typed = arguments.positionals.count > 1 ? arguments.positionals[1] : "{}"
    let payload = typed == "-" ? Terminal.readInput() : Bytes(typed)
    do {
      guard try JSONValue.parse(payload).object != nil else {
        throw ControlFailure(exit: .usage, message: "the payload must be a JSON object")
      }
    } catch let error as JSONError {
      throw ControlFailure(exit: .usage, message: "the payload is not valid: \(error)")
    }
    try self.init(operation, payload, arguments, ids: ids, now: now)
  }

  init(_ operation: Operation, _ payload: Bytes, _ arguments: ArgumentSet? = nil, ids: any IDSource, now: Timestamp) throws {
    var correlation = ids.next()
    if let given = arguments?.values["--correlation-id"] {
      guard let id = RawUUID(given) else { throw ControlFailure(exit: .usage, message: "--correlation-id must be a UUID") }
      correlation = id
    }
    correlationID = CorrelationID(correlation)
    envelopeID = EnvelopeID(ids.next())
    var envelope = Envelope(
      operation: operation, payload: payload, envelopeID: envelopeID, correlationID: correlationID)
    envelope.timestamp = now
    envelope.sourceNode = "onexctl"
    envelope.idempotencyKey = arguments?.values["--idempotency-key"]
    if let deadline = arguments?.values["--deadline"] {
      guard let parsed = Timestamp(rfc3339: deadline) else {
        throw ControlFailure(exit: .usage, message: "--deadline must be an RFC 3339 time such as 2026-11-21T03:48:54Z")
      }
      envelope.deadline = parsed
    }
    var writer = JSONWriter(capacity: payload.count + 512)
    writer.request(envelope)
    text = writer.finish()
  }
}
