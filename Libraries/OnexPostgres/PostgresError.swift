/// What went wrong between this process and PostgreSQL.
///
/// The caller decides by three questions: is the database away (`isOutage`: wait, nothing is wrong with the data), may the same
/// statement succeed right away (`isRetriable`), is it the rows' own fault (`isDataError`)?
public struct PostgresError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Code: String, Sendable {
    /// The server cannot be reached, or refuses because it starts, stops or is full.
    case unreachable = "DATABASE_UNREACHABLE"
    /// The connection broke while a statement was running: whether it took effect is unknown.
    case connectionLost = "DATABASE_CONNECTION_LOST"
    /// No answer within the time allowed.
    case timedOut = "DATABASE_TIMEOUT"
    /// Role, password or certificate refused.
    case authentication = "DATABASE_AUTHENTICATION"
    /// The server answered the statement with an error; `sqlState` says which.
    case statement = "DATABASE_STATEMENT"
    /// The caller's task was cancelled.
    case cancelled = "CANCELLED"
    /// This side closed the connection.
    case closed = "CLOSED"
    /// More statements wait for the connection than it queues.
    case queueFull = "QUEUE_FULL"
    /// The connection string cannot be read.
    case configuration = "CONFIGURATION"
    /// A value is not of the type it was asked as.
    case decoding = "DECODING"
  }

  public let code: Code
  /// Five characters (PostgreSQL documentation, appendix A); `nil` when the server did not say.
  public let sqlState: String?
  /// The server's or the client library's words. Never contains the password.
  public let message: String
  /// The constraint, column or table that the server names.
  public let subject: String?
  /// Set on a failed COMMIT whose outcome nobody knows: the transaction may be in the database.
  public let isCommitUnknown: Bool
  /// Which statement of a pipeline failed, from 0; `nil` for the commit at its end.
  public let statementIndex: Int?

  public init(
    _ code: Code, _ message: String, sqlState: String? = nil, subject: String? = nil, isCommitUnknown: Bool = false,
    statementIndex: Int? = nil
  ) {
    self.code = code
    self.message = message
    self.sqlState = sqlState
    self.subject = subject
    self.isCommitUnknown = isCommitUnknown
    self.statementIndex = statementIndex
  }

  public var description: String {
    let state = sqlState.map { " [\($0)]" } ?? ""
    let place = statementIndex.map { " (statement \($0) of the pipeline, from 0)" } ?? ""
    return "\(code.rawValue)\(state): \(message)\(place)"
  }
}

extension PostgresError {
  /// The database is away or cannot work at the moment. Wait with backoff; a row is never to blame.
  public var isOutage: Bool {
    switch code {
    case .unreachable, .connectionLost, .timedOut: true
    case .statement: SQLState.isOutage(sqlState ?? "")
    default: false
    }
  }

  /// The same work may succeed later: an outage, or a conflict with other transactions.
  public var isRetriable: Bool { isOutage || code == .queueFull || SQLState.isConflict(sqlState ?? "") }

  /// The rows themselves are refused: sending them again gives the same answer.
  public var isDataError: Bool { code == .statement && SQLState.isData(sqlState ?? "") }

  /// The connection cannot be used any more.
  public var endsConnection: Bool {
    switch code {
    case .unreachable, .connectionLost, .timedOut, .closed: true
    case .statement: SQLState.endsSession(sqlState ?? "")
    default: false
    }
  }
}
