/// Every code that a response or a dead letter can carry (docs/reference/errors.md has a section for each).
public enum ErrorCode: String, Sendable, Hashable, CaseIterable {
  case invalidEnvelope = "INVALID_ENVELOPE"
  case invalidJSON = "INVALID_JSON"
  case payloadTooLarge = "PAYLOAD_TOO_LARGE"
  case unsupportedVersion = "UNSUPPORTED_VERSION"
  case unknownOperation = "UNKNOWN_OPERATION"
  case schemaViolation = "SCHEMA_VIOLATION"
  case handlerFailed = "HANDLER_FAILED"
  case handlerUnavailable = "HANDLER_UNAVAILABLE"
  case handlerTimeout = "HANDLER_TIMEOUT"
  case circuitOpen = "CIRCUIT_OPEN"
  case deadlineExceeded = "DEADLINE_EXCEEDED"
  case indeterminate = "INDETERMINATE"
  case cancelled = "CANCELLED"
  case notAllowed = "NOT_ALLOWED"
  case outputTooLarge = "OUTPUT_TOO_LARGE"
  case storeRejected = "STORE_REJECTED"
  case conflict = "CONFLICT"
  case internalError = "INTERNAL"

  /// Whether sending the same request again may succeed, unless the handler says otherwise.
  public var isRetryable: Bool {
    switch self {
    case .handlerUnavailable, .handlerTimeout, .circuitOpen, .cancelled, .internalError: true
    case .invalidEnvelope, .invalidJSON, .payloadTooLarge, .unsupportedVersion, .unknownOperation, .schemaViolation,
      .handlerFailed, .deadlineExceeded, .indeterminate, .notAllowed, .outputTooLarge, .storeRejected, .conflict:
      false
    }
  }

  /// The record itself is no envelope: it goes to the dead-letter topic besides any error response.
  public var rejectsRecord: Bool {
    switch self {
    case .invalidEnvelope, .invalidJSON, .payloadTooLarge, .unsupportedVersion: true
    default: false
    }
  }
}
