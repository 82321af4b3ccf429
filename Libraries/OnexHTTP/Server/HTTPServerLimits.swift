/// Every bound of a server in one place.
public struct HTTPServerLimits: Sendable {
  /// Beyond these the connections are closed that have waited longest; see `ConnectionWatch`.
  public var connectionsMax: Int = 64
  /// Of one client address; beyond these its oldest ones are closed. Probes that share the address of slow clients get through.
  public var connectionsPerAddressMax: Int = 16
  /// From the connection, or from the last answer on it, to the end of the next request's headers, however they trickle in.
  public var headerTimeout = Duration.seconds(5)
  /// From the end of the headers to the end of the answer.
  public var requestTimeout = Duration.seconds(15)
  /// A connection on which nothing moves for so long is closed.
  public var idleTimeoutSeconds: Int = 15
  /// Longer bodies are answered 413.
  public var bodyBytesMax: Int = 1 << 20
  /// Request line and headers together; more is answered 431 or the connection is closed.
  public var headerBytesMax: Int = 16 << 10
  public var threads: Int = 1
  /// Small on purpose: handlers build a short document and never recurse, and every page counts against the service.
  public var threadStackBytes: Int = 256 << 10

  public init() {}
}
