import COnexPlugin

/// A request as its handler sees it.
public struct PluginRequest: Sendable {
  public let operation: String
  /// A JSON object, as it was sent.
  public let payload: [UInt8]
  public let envelopeID: String
  public let correlationID: String
  /// Hand this to whatever is called: it is the same for every attempt and every redelivery of this request.
  public let idempotencyKey: String
  /// What is left for this attempt.
  public let timeout: Duration
  /// Microseconds since 1970-01-01 UTC; the latest moment at which an answer is still of use.
  public let deadlineMicroseconds: Int64?
  /// 1 for the first.
  public let attempt: Int

  public init(
    operation: String, payload: [UInt8], envelopeID: String, correlationID: String, idempotencyKey: String,
    timeout: Duration, deadlineMicroseconds: Int64? = nil, attempt: Int = 1
  ) {
    self.operation = operation
    self.payload = payload
    self.envelopeID = envelopeID
    self.correlationID = correlationID
    self.idempotencyKey = idempotencyKey
    self.timeout = timeout
    self.deadlineMicroseconds = deadlineMicroseconds
    self.attempt = attempt
  }

  init(copying raw: onex_request_v1) {
    self.init(
      operation: raw.operation.text, payload: raw.payload.array, envelopeID: raw.envelope_id.text,
      correlationID: raw.correlation_id.text, idempotencyKey: raw.idempotency_key.text,
      timeout: .milliseconds(raw.timeout_ms), deadlineMicroseconds: raw.deadline_us == 0 ? nil : raw.deadline_us,
      attempt: Int(raw.attempt))
  }
}

extension onex_bytes_v1 {
  var array: [UInt8] { Array(UnsafeBufferPointer(start: data, count: count)) }
  var text: String { String(decoding: UnsafeBufferPointer(start: data, count: count), as: UTF8.self) }
}
