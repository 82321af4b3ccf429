import CPostgres
import Glibc
import OnexCore

/// One libpq connection in non-blocking mode. Belongs to its thread; nothing here is called from anywhere else.
final class Session {
  let parameters: ConnectionParameters
  let configuration: PostgresConfiguration
  private let notices: NoticeSink
  let waker: Waker
  let isCancelRequested: () -> Bool
  private(set) var connection: OpaquePointer?

  var preparedStatements = PreparedStatements()

  /// Set when the connection cannot be used any more.
  var ending: PostgresError?

  init(
    parameters: ConnectionParameters, configuration: PostgresConfiguration, logger: Logger, waker: Waker,
    isCancelRequested: @escaping () -> Bool
  ) {
    self.parameters = parameters
    self.configuration = configuration
    self.notices = NoticeSink(logger)
    self.waker = waker
    self.isCancelRequested = isCancelRequested
  }

  // MARK: Opening and closing

  func open() throws(PostgresError) {
    let deadline = ContinuousClock.now + configuration.connectTimeout
    let connection = try begin()
    self.connection = connection
    PQsetNoticeReceiver(connection, NoticeSink.receive, Unmanaged.passUnretained(notices).toOpaque())
    // PQconnectPoll says what to wait for; the first time it is writing.
    var status = PGRES_POLLING_WRITING
    while status != PGRES_POLLING_OK {
      guard status != PGRES_POLLING_FAILED, PQstatus(connection) != CONNECTION_BAD else { throw connectError() }
      let events = status == PGRES_POLLING_WRITING ? POLLOUT : POLLIN
      switch wait(for: events, until: deadline) {
      case .ready: status = PQconnectPoll(connection)
      case .woken: if isCancelRequested() { throw ConnectionThread.cancelled }
      case .timedOut:
        throw PostgresError(.unreachable, "the database did not accept a connection within \(configuration.connectTimeout)")
      }
    }
    PQsetnonblocking(connection, 1)
    try prepareSession()
  }

  private func begin() throws(PostgresError) -> OpaquePointer {
    let expands: Int32 = ConnectionParameters.expandsDatabaseName(configuration.target) ? 1 : 0
    let connection = CStrings.withPointers(parameters.keywords) { keywords in
      CStrings.withPointers(parameters.values) { values in PQconnectStartParams(keywords, values, expands) }
    }
    guard let connection else { throw PostgresError(.unreachable, "out of memory for a connection") }
    return connection
  }

  /// UTC, so that times read as text mean what they say, the isolation that the schema's functions count on, whatever the role's default
  /// is, and the statement timeout.
  private func prepareSession() throws(PostgresError) {
    var sql = "SET timezone = 'UTC'; SET default_transaction_isolation = 'read committed'"
    if let timeout = configuration.statementTimeout { sql += "; SET statement_timeout = \(timeout.microseconds / 1000)" }
    _ = try script(sql).get()
  }

  func close() {
    PQfinish(connection)
    connection = nil
  }

  /// A transaction is open, healthy or failed.
  var isInTransaction: Bool { PQtransactionStatus(connection) != PQTRANS_IDLE }

  private func connectError() -> PostgresError {
    let message = parameters.scrubbed(String(cString: PQerrorMessage(connection)))
    // libpq keeps no SQLSTATE of a refused connection, only the words.
    let isRefusal = PQconnectionNeedsPassword(connection) == 1 || message.contains("authentication failed")
    return PostgresError(isRefusal ? .authentication : .unreachable, message)
  }

  // MARK: Statements

  func run(_ statement: Statement) -> Statement.Answer {
    let answer =
      switch statement.work {
      case .query(let sql, let parameters): query(sql, parameters)
      case .prepared(let sql, let parameters): prepared(sql, parameters)
      case .script(let sql): script(sql)
      case .copy(let sql, let rows): copy(sql, rows)
      case .pipeline(let statements): pipeline(statements)
      }
    if case .failure(let error) = answer, error.endsConnection, ending == nil { ending = error }
    return answer
  }
}
