/// Bounds of `CurlHTTPClient`.
public struct CurlLimits: Sendable {
  /// Transfers that run at once.
  public var transfersMax = 64
  /// Requests that wait for one to end; further ones are refused at once.
  public var waitingMax = 1024
  /// Idle connections that are kept for reuse.
  public var idleConnectionsMax = 32
  /// A server that cannot be connected to within this time is called unreachable, however long the request itself may take.
  public var connectTimeout = Duration.seconds(10)

  /// Longer timeouts are cut to this, so that adding one to the clock cannot overflow.
  static let timeoutMax = Duration.seconds(86_400)

  public init() {}
}
