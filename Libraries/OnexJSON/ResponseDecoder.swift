import CSimdJSON
import OnexCore

/// Reads records as response envelopes.
public struct ResponseDecoder: ~Copyable {
  private var parser = JSONParser()

  public init() {}

  public mutating func decode(_ record: ConsumedRecord) -> Result<ResponseEnvelope, RejectedRecord> {
    func reject(_ code: ErrorCode, _ message: String) -> Result<ResponseEnvelope, RejectedRecord> {
      .failure(RejectedRecord(record: record, error: ResponseError(code, message)))
    }
    guard let value = record.value else { return reject(.invalidJSON, "the record has no value") }
    do throws(JSONError) {
      let read = try value.withUnsafeBytes { text throws(JSONError) in
        try parser.walk(text, recordDepth: 2) { nodes throws(JSONError) in
          ResponseReader(fields: try EnvelopeFields(value, text: text, nodes: nodes), time: record.timestamp).read()
        }
      }
      guard var response = read else {
        return reject(
          .invalidEnvelope,
          "a response needs is_response true, envelope_id, correlation_id, success and either payload or error")
      }
      if case .failed(let raw) = response.result {
        response.envelope.outcome = .failure(ResponseDecoder.error(try parser.parse(raw)))
      }
      return .success(response.envelope)
    } catch {
      return reject(error.code == .duplicateName ? .invalidEnvelope : .invalidJSON, error.description)
    }
  }

  private static func error(_ value: JSONValue) -> ResponseError {
    let code = value["code"]?.string.flatMap { ErrorCode(rawValue: $0) } ?? .internalError
    return ResponseError(
      code, value["message"]?.string ?? "", details: value["details"], isRetryable: value["retryable"]?.boolean)
  }
}

private struct ResponseReader {
  enum RawResult {
    case succeeded
    case failed(Bytes)
  }

  let fields: EnvelopeFields
  /// The record's time. A response without a timestamp gets it.
  let time: Timestamp?

  func read() -> (envelope: ResponseEnvelope, result: RawResult)? {
    guard fields[.isResponse]?.kind == UInt8(ONEX_JSON_TRUE.rawValue), let id = fields.uuid(.envelopeID).optional,
      let correlation = fields.uuid(.correlationID).optional, let (outcome, result) = outcome()
    else { return nil }
    var response = ResponseEnvelope(
      operation: fields.operation, envelopeID: EnvelopeID(id), correlationID: CorrelationID(correlation),
      causationID: fields.uuid(.causationID).optional.map { EnvelopeID($0) }, duration: duration(),
      timestamp: fields.timestamp(.timestamp).optional ?? time ?? Timestamp(microseconds: 0), outcome: outcome)
    response.handler = fields.string(.handler, bytesMax: RequestReader.textBytesMax).optional
    response.idempotencyKey = fields.string(.idempotencyKey, bytesMax: RequestReader.textBytesMax).optional
    response.metadata = fields[.metadata].map { fields.slice($0) }
    response.extensions = fields.extensions
    return (response, result)
  }

  private func outcome() -> (ResponseEnvelope.Outcome, RawResult)? {
    switch fields[.success]?.kind {
    case UInt8(ONEX_JSON_TRUE.rawValue)?:
      guard let payload = fields[.payload], fields.isObject(payload) else { return nil }
      return (.success(fields.slice(payload)), .succeeded)
    case UInt8(ONEX_JSON_FALSE.rawValue)?:
      guard let error = fields[.error], fields.isObject(error) else { return nil }
      return (.failure(ResponseError(.internalError, "")), .failed(fields.slice(error)))
    default:
      return nil
    }
  }

  private func duration() -> Duration {
    guard let node = fields[.durationMS], let value = Double(fields.slice(node).text), value.isFinite, value >= 0,
      value < 1e12
    else { return .zero }
    return .microseconds(Int64(saturating: value * 1000))
  }
}
