import OnexCore

/// How a handler says what went wrong; it becomes the response's `error`.
public struct HandlerError: Error, Sendable, CustomStringConvertible {
  public let code: ErrorCode
  /// For the requester: what was wrong, where, and what is allowed. Never a secret.
  public let message: String
  public let details: JSONValue?
  /// Whether the contract's `retry` should make another attempt, and the requester may send the request again.
  public let isRetriable: Bool
  /// The requester's own limit ended the attempt, such as a time limit in the payload. The circuit breaker does not count it: it
  /// says nothing about the callee.
  public let isCallersLimit: Bool

  public init(
    _ code: ErrorCode = .handlerFailed, _ message: String, details: JSONValue? = nil, isRetriable: Bool? = nil,
    isCallersLimit: Bool = false
  ) {
    self.code = code
    self.message = message
    self.details = details
    self.isRetriable = isRetriable ?? code.isRetryable
    self.isCallersLimit = isCallersLimit
  }

  public var description: String { "\(code.rawValue): \(message)" }

  var responseError: ResponseError {
    ResponseError(code, message, details: details, isRetryable: isRetriable)
  }
}
