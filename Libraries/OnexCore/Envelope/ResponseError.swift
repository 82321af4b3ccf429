/// Why a request did not succeed, as its response says it.
public struct ResponseError: Error, Sendable, Hashable {
  /// Longer messages are cut: an error must always fit into a record.
  public static let messageBytesMax = 4096

  public let code: ErrorCode
  public let message: String
  public let details: JSONValue?
  public let isRetryable: Bool

  public init(_ code: ErrorCode, _ message: String, details: JSONValue? = nil, isRetryable: Bool? = nil) {
    self.code = code
    self.message =
      message.utf8.count <= ResponseError.messageBytesMax
      ? message : String(message.unicodeScalars.prefix(ResponseError.messageBytesMax / 4)) + "…"
    self.details = details
    self.isRetryable = isRetryable ?? code.isRetryable
  }
}
