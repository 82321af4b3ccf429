import CSimdJSON
import OnexCore

/// Checks the fields of a request and makes the envelope of them.
struct RequestReader {
  static let textBytesMax = 255

  let record: ConsumedRecord
  let fields: EnvelopeFields
  let payloadBytesMax: Int
  /// The broker's cluster id; empty where it has none.
  let cluster: String

  func read() -> Result<Envelope, RejectedRecord> {
    let envelopeID = fields.uuid(.envelopeID)
    let correlationID = fields.uuid(.correlationID)
    // Deriving one costs a hash: only where none came.
    let identity = envelopeID.optional.map { EnvelopeID($0) } ?? EnvelopeID(placeOf: record, cluster: cluster)
    let correlation = correlationID.optional.map { CorrelationID($0) }
    let operation = fields.operation
    func reject(_ code: ErrorCode, _ message: String) -> Result<Envelope, RejectedRecord> {
      .failure(
        RejectedRecord(
          record: record, error: ResponseError(code, message), identity: identity, correlationID: correlation,
          operation: operation))
    }
    if let problem = versionProblem() { return reject(problem.code, problem.message) }
    if let problem = problem(.envelopeID, envelopeID) ?? problem(.correlationID, correlationID) {
      return reject(.invalidEnvelope, problem)
    }
    guard let operation else { return reject(.invalidEnvelope, operationProblem()) }
    // Without a correlation id the chain gets one that a redelivery derives again.
    var envelope = Envelope(
      operation: operation, envelopeID: identity, correlationID: correlation ?? identity.derived("correlation"))
    // A record with escaped names is written anew: whatever reads it next finds each name in one spelling.
    envelope.isComplete = fields[.envelopeID] != nil && fields[.correlationID] != nil && !fields.hasEscapedNames
    if fields[.envelopeID] == nil { envelope.origin = .place }
    if let node = fields[.payload] {
      guard fields.isObject(node) else { return reject(.invalidEnvelope, "the field payload must be an object") }
      guard node.length <= payloadBytesMax else {
        return reject(.payloadTooLarge, "the payload has \(node.length) bytes; the limit is \(payloadBytesMax)")
      }
      envelope.payload = fields.slice(node)
    }
    if let problem = readOptional(into: &envelope) { return reject(.invalidEnvelope, problem) }
    return .success(envelope)
  }

  /// The fields a request may leave out; what is wrong with the first wrong one.
  private func readOptional(into envelope: inout Envelope) -> String? {
    if fields[.isResponse]?.kind == UInt8(ONEX_JSON_TRUE.rawValue) {
      return "a response arrived where requests are expected (is_response is true)"
    }
    let causation = fields.uuid(.causationID)
    let timestamp = fields.timestamp(.timestamp)
    let deadline = fields.timestamp(.deadline)
    let key = fields.string(.idempotencyKey, bytesMax: RequestReader.textBytesMax)
    let source = fields.string(.sourceNode, bytesMax: RequestReader.textBytesMax)
    let target = fields.string(.targetNode, bytesMax: RequestReader.textBytesMax)
    if let found = problem(.causationID, causation) ?? problem(.timestamp, timestamp) ?? problem(.deadline, deadline)
      ?? problem(.idempotencyKey, key) ?? problem(.sourceNode, source) ?? problem(.targetNode, target)
    {
      return found
    }
    if let key = key.optional, key.isEmpty { return "the field idempotency_key is empty" }
    if let node = fields[.metadata] {
      guard fields.isObject(node) else { return "the field metadata must be an object of strings" }
      envelope.metadata = fields.slice(node)
    }
    envelope.causationID = causation.optional.map { EnvelopeID($0) }
    envelope.timestamp = timestamp.optional
    envelope.deadline = deadline.optional
    envelope.idempotencyKey = key.optional
    envelope.sourceNode = source.optional
    envelope.targetNode = target.optional
    envelope.extensions = fields.extensions
    return nil
  }

  private func problem<Value>(_ field: EnvelopeField, _ value: EnvelopeFields.Field<Value>) -> String? {
    if case .invalid(let problem) = value { "the field \(field.name) \(problem)" } else { nil }
  }

  private func operationProblem() -> String {
    guard let node = fields[.operation] else { return "the field operation is missing" }
    let written = fields.slice(node).text.prefix(Operation.bytesMax)
    return "the field operation is \(written); it must be \(Operation.rule)"
  }

  /// Versions are `<major>.<minor>`; a higher major means that a field this program does not know may change the meaning.
  private func versionProblem() -> (code: ErrorCode, message: String)? {
    guard let node = fields[.envelopeVersion] else { return nil }
    let text = fields.withText(node) { String(decoding: $0, as: UTF8.self) } ?? ""
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, let major = UInt32(parts[0]), UInt32(parts[1]) != nil else {
      return (.invalidEnvelope, "the field envelope_version must be a string such as \"\(Envelope.version)\"")
    }
    guard major <= 1 else {
      return (.unsupportedVersion, "envelope_version \(text.prefix(32)) is not supported; the highest is \(Envelope.version)")
    }
    return nil
  }
}
