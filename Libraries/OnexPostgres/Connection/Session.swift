import CPostgres
import Glibc
import OnexCore

/// One libpq connection in non-blocking mode. Belongs to its thread; nothing here is called from anywhere else.
final class Session {
  private let parameters: ConnectionParameters
  private let configuration: PostgresConfiguration
  private let notices: NoticeSink
  private let waker: Waker
  private let isCancelRequested: () -> Bool
  private var connection: OpaquePointer?

  /// Set when the connection cannot be used any more.
  private(set) var ending: PostgresError?

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

  /// UTC, so that times read as text mean what they say, and the statement timeout.
  private func prepareSession() throws(PostgresError) {
    var sql = "SET timezone = 'UTC'"
    if let timeout = configuration.statementTimeout { sql += "; SET statement_timeout = \(timeout.microseconds / 1000)" }
    _ = try execute(sql, [], isScript: true).get()
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
    let answer = execute(statement.sql, statement.parameters, isScript: statement.isScript)
    if case .failure(let error) = answer, error.endsConnection, ending == nil { ending = error }
    return answer
  }

  private func execute(_ sql: String, _ parameters: [PostgresParameter], isScript: Bool) -> Statement.Answer {
    let deadline = configuration.statementTimeout.map { ContinuousClock.now + $0 + configuration.answerGrace }
    guard send(sql, parameters, isScript: isScript) else { return .failure(broken()) }
    var exchange = Exchange(deadline: deadline)
    do throws(PostgresError) {
      try flush(&exchange)
      let answer = try receive(&exchange)
      try settleCancellation(&exchange)
      return answer
    } catch {
      ending = error
      return .failure(error)
    }
  }

  private func send(_ sql: String, _ parameters: [PostgresParameter], isScript: Bool) -> Bool {
    if isScript { return PQsendQuery(connection, sql) == 1 }
    return ParameterArrays.with(parameters) { count, types, values, lengths, formats in
      PQsendQueryParams(connection, sql, count, types, values, lengths, formats, 1) == 1
    }
  }

  /// Hands the statement to the kernel. Reads meanwhile: a server that has answers to get rid of would not read on otherwise.
  private func flush(_ exchange: inout Exchange) throws(PostgresError) {
    while true {
      switch PQflush(connection) {
      case 0: return
      case 1:
        try awaitSocket(POLLIN | POLLOUT, &exchange)
        guard PQconsumeInput(connection) == 1 else { throw broken() }
      default: throw broken()
      }
    }
  }

  /// Collects every result of the statement: the first error, else the last result.
  private func receive(_ exchange: inout Exchange) throws(PostgresError) -> Statement.Answer {
    var answer: Statement.Answer?
    while true {
      while PQisBusy(connection) == 1 {
        try awaitSocket(POLLIN, &exchange)
        guard PQconsumeInput(connection) == 1 else { throw broken() }
      }
      guard let received = PQgetResult(connection) else { break }
      let result = PostgresResult(received)
      switch PQresultStatus(received) {
      case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
        if case .failure = answer {} else { answer = .success(result) }
      case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
        throw PostgresError(.closed, "COPY cannot be run as a statement")
      default:
        if case .failure = answer {} else { answer = .failure(error(of: received, exchange)) }
      }
    }
    guard let answer else { throw broken() }
    guard PQstatus(connection) != CONNECTION_BAD else {
      // The server's last words ("terminating connection due to …") say more than that the connection is gone.
      guard case .failure(let error) = answer else { throw broken() }
      throw error
    }
    return answer
  }

  /// The next statement must not be hit by a cancel request that is still under way.
  private func settleCancellation(_ exchange: inout Exchange) throws(PostgresError) {
    while let canceller = exchange.canceller, !canceller.isDone { try awaitSocket(0, &exchange) }
  }

  private func error(of result: OpaquePointer, _ exchange: Exchange) -> PostgresError {
    func field(_ code: Int32) -> String? { PQresultErrorField(result, code).map { String(cString: $0) } }
    let state = field(ErrorField.sqlState)
    let message = parameters.scrubbed(field(ErrorField.message) ?? String(cString: PQresultErrorMessage(result)))
    // libpq makes up a result without a state when the connection breaks.
    guard let state else { return PostgresError(.connectionLost, message) }
    if exchange.canceller != nil, state == SQLState.queryCanceled {
      return PostgresError(.cancelled, "the task was cancelled", sqlState: state)
    }
    let subject = field(ErrorField.constraint) ?? field(ErrorField.column) ?? field(ErrorField.table)
    return PostgresError(.statement, message, sqlState: state, subject: subject)
  }

  private func broken() -> PostgresError {
    let message = parameters.scrubbed(String(cString: PQerrorMessage(connection)))
    return PostgresError(.connectionLost, message.isEmpty ? "the connection to the database was lost" : message)
  }

  // MARK: Waiting

  /// The waiting side of one statement.
  private struct Exchange {
    var deadline: ContinuousClock.Instant?
    var canceller: Canceller?
  }

  /// Waits for the socket until the statement's deadline. The first cancellation is passed on to the server and leaves it
  /// `answerGrace` to comply.
  private func awaitSocket(_ events: Int32, _ exchange: inout Exchange) throws(PostgresError) {
    while true {
      switch wait(for: events, until: exchange.deadline) {
      case .ready: return
      case .timedOut: throw PostgresError(.timedOut, "the database did not answer in time; the connection is given up")
      case .woken:
        if exchange.canceller == nil, isCancelRequested(), let connection {
          exchange.canceller = Canceller.start(connection, waker: waker)
          exchange.deadline = ContinuousClock.now + configuration.answerGrace
        }
        if events == 0 { return }
      }
    }
  }

  /// Waits until a task has something to do, or the server ends the connection.
  ///
  /// - Returns: why the connection is over.
  func waitForWork() -> PostgresError? {
    switch wait(for: POLLIN, until: nil) {
    case .ready:
      guard PQconsumeInput(connection) == 1, PQstatus(connection) != CONNECTION_BAD else { return broken() }
      return nil
    case .woken, .timedOut: return nil
    }
  }

  private enum Wake { case ready, woken, timedOut }

  private func wait(for events: Int32, until deadline: ContinuousClock.Instant?) -> Wake {
    var watched = [
      pollfd(fd: events == 0 ? -1 : PQsocket(connection), events: Int16(events), revents: 0),
      pollfd(fd: waker.descriptor, events: Int16(POLLIN), revents: 0),
    ]
    let left = deadline.map { max(($0 - ContinuousClock.now).microseconds / 1000 + 1, 0) }
    let count = poll(&watched, 2, left.map { Int32(clamping: $0) } ?? -1)
    if count <= 0 {
      // A signal counts as a wake-up: the caller looks again.
      return count == 0 ? .timedOut : .woken
    }
    if watched[1].revents != 0 {
      waker.reset()
      return .woken
    }
    return .ready
  }
}

/// `PG_DIAG_*` of postgres_ext.h: character macros, which the importer leaves out.
private enum ErrorField {
  static let sqlState = Int32(UInt8(ascii: "C"))
  static let message = Int32(UInt8(ascii: "M"))
  static let constraint = Int32(UInt8(ascii: "n"))
  static let column = Int32(UInt8(ascii: "c"))
  static let table = Int32(UInt8(ascii: "t"))
}
