import OnexCore

/// Why a request to the pool got no connection.
enum PoolRefusal: Equatable, Sendable {
  /// `waitingMax` others wait already.
  case queueFull(waitingMax: Int)
  /// Nothing became free and nothing could be opened in time. The failure is the latest one since a connection last opened.
  case timedOut(after: Duration, lastFailure: PostgresError?)
  /// The server, or the configuration, says no: waiting would not help.
  case refused(PostgresError)
  case cancelled
  case closed

  var error: PostgresError {
    switch self {
    case .queueFull(let waitingMax):
      return PostgresError(.queueFull, "\(waitingMax) tasks wait for a connection of the pool already")
    case .timedOut(let limit, let failure):
      let cause = failure.map { "the last attempt to open one failed: \($0.description)" } ?? "all of them are in use"
      return PostgresError(.timedOut, "the pool had no connection within \(limit): \(cause)")
    case .refused(let error): return error
    case .cancelled: return ConnectionThread.cancelled
    case .closed: return PostgresError(.closed, "the connection pool was closed")
    }
  }
}
