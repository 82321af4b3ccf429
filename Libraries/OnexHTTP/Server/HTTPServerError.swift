/// Why a server could not be opened.
public struct HTTPServerError: Error, Sendable, CustomStringConvertible {
  public enum Code: String, Sendable {
    case addressInUse, addressNotAvailable, permissionDenied, unresolvedHost, system
  }

  public let code: Code
  /// Names the address and the port.
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { message }
}
