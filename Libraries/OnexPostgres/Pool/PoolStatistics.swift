/// A pool at one moment.
public struct PoolStatistics: Sendable, Equatable {
  /// Connections in use or idle. One that broke while it was idle counts until somebody would have got it.
  public var open: Int
  /// Open connections that nobody uses.
  public var idle: Int
  /// Attempts to open a connection that are under way.
  public var opening: Int
  /// Tasks that wait for a connection.
  public var waiting: Int
  /// Connections opened since the pool was made.
  public var openedTotal: Int
  /// Attempts that failed since the pool was made.
  public var failedOpensTotal: Int
}
