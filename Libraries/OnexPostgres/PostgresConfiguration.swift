import OnexCore

/// Where the database is and how long to wait for it. Holds a password: it has no description, so that it cannot be printed.
public struct PostgresConfiguration: Sendable {
  public enum Target: Sendable {
    /// A URL or a keyword/value string, handed to libpq as it is.
    case connectionString(String)
    /// Handed to libpq part by part: nothing needs escaping, so that any character works anywhere.
    case parts(host: String, port: Int, user: String, password: String, database: String)
  }

  public var target: Target
  /// Shown in `pg_stat_activity`; one in the connection string wins.
  public var applicationName: String
  /// From the first packet to a session that takes statements, over all hosts of the target.
  public var connectTimeout: Duration
  /// The server cancels a statement after this; `nil` leaves the server's own setting.
  public var statementTimeout: Duration?
  /// How much longer than `statementTimeout` to wait for a server that does not answer at all before giving up the connection.
  public var answerGrace: Duration
  /// Statements that may wait for the connection.
  public var queuedMax: Int

  public init(
    _ target: Target, applicationName: String = "onex", connectTimeout: Duration = .seconds(5),
    statementTimeout: Duration? = .seconds(30), answerGrace: Duration = .seconds(5), queuedMax: Int = 64
  ) {
    precondition(queuedMax >= 1, "a connection takes at least one statement")
    self.target = target
    self.applicationName = applicationName
    self.connectTimeout = connectTimeout
    self.statementTimeout = statementTimeout
    self.answerGrace = answerGrace
    self.queuedMax = queuedMax
  }
}

extension PostgresConfiguration: CustomStringConvertible, CustomReflectable {
  public var description: String { "PostgresConfiguration(***)" }

  /// Keeps `dump` and string interpolation of a containing value away from the password.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
