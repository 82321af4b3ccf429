/// How a handler says what went wrong; it becomes the response's `error`.
public struct PluginError: Error, Sendable, CustomStringConvertible {
  /// One of the runtime's codes, such as `NOT_ALLOWED`; another becomes `HANDLER_FAILED`.
  public let code: String
  /// For the requester: what was wrong, where, and what is allowed. Never a secret.
  public let message: String
  /// Whether another attempt may help; `nil`: as the code says.
  public let isRetriable: Bool?
  /// A JSON value.
  public let details: [UInt8]

  public init(_ code: String, _ message: String, isRetriable: Bool? = nil, details: [UInt8] = []) {
    self.code = code
    self.message = message
    self.isRetriable = isRetriable
    self.details = details
  }

  public init(_ message: String, isRetriable: Bool? = nil, details: [UInt8] = []) {
    self.init("HANDLER_FAILED", message, isRetriable: isRetriable, details: details)
  }

  public var description: String { "\(code): \(message)" }

  /// Whatever a handler threw.
  init(_ error: any Error) {
    switch error {
    case let error as PluginError: self = error
    case is CancellationError: self.init("CANCELLED", "the handler was cancelled")
    default: self.init("HANDLER_FAILED", "the handler threw \(type(of: error)): \(error)")
    }
  }
}
