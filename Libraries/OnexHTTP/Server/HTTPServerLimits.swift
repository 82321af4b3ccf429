/// Every bound of a server in one place.
public struct HTTPServerLimits: Sendable {
  /// Further connections wait in the kernel's backlog.
  public var connectionsMax: Int = 64
  /// A connection on which nothing moves for so long is closed; a client that sends one byte a minute frees its place.
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
