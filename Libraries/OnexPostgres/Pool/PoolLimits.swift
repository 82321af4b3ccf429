import OnexCore

/// Bounds of a connection pool.
public struct PoolLimits: Sendable {
  /// Sessions with the server at once, those that open or close included. Every one costs the server a process and this process
  /// a thread.
  public var connectionsMax: Int
  /// Tasks that may wait for a connection; the next one is refused at once.
  public var waitingMax: Int
  /// How long a task waits for a connection. The statements' own time is the connection's business.
  public var acquireTimeout: Duration
  /// Idle connections that stay however long nobody needs them. The pool does not open any before they are needed.
  public var idleMin: Int
  /// A connection beyond `idleMin` that nobody needed for so long is closed.
  public var idleTimeout: Duration
  /// How long to wait after attempts to open a connection have failed in a row. Its number of attempts does not count: the pool
  /// tries as long as somebody waits.
  public var reopening: RetryPolicy

  public init(
    connectionsMax: Int = 8, waitingMax: Int = 256, acquireTimeout: Duration = .seconds(10), idleMin: Int = 1,
    idleTimeout: Duration = .seconds(300), reopening: RetryPolicy = .outage
  ) {
    precondition(connectionsMax >= 1 && waitingMax >= 1, "a pool without room never gives a connection")
    precondition(idleMin >= 0 && acquireTimeout > .zero && idleTimeout > .zero, "a pool's bounds are positive")
    self.connectionsMax = connectionsMax
    self.waitingMax = waitingMax
    self.acquireTimeout = acquireTimeout
    self.idleMin = idleMin
    self.idleTimeout = idleTimeout
    self.reopening = reopening
  }
}
