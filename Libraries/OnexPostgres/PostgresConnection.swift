import OnexCore
import Synchronization

/// A session with PostgreSQL. Any task may use it; statements run one after the other on the connection's own thread.
///
/// A connection that broke stays broken: open another one.
public final class PostgresConnection: Sendable {
  private let thread: ConnectionThread
  private let transactions = Atomic<UInt64>(0)

  private init(_ thread: ConnectionThread) { self.thread = thread }

  /// A connection nobody holds any more is closed.
  deinit { thread.requestClose() }

  /// - Throws: `PostgresError` with code `unreachable`, `authentication`, `configuration` or `cancelled`.
  public static func connect(_ configuration: PostgresConfiguration, logger: Logger = .disabled) async throws(PostgresError)
    -> PostgresConnection
  {
    let thread = try ConnectionThread(configuration, logger: logger)
    try await thread.open()
    return PostgresConnection(thread)
  }

  /// Whether statements can still be sent. A server that went away while the connection was idle is noticed.
  public var isOpen: Bool { thread.isOpen }

  /// Open, and left as a new one would be: nothing runs or waits, and no transaction is open.
  var isAtRest: Bool { thread.isAtRest }

  /// Runs one statement. Waits for its turn, also for the end of a transaction that another task has open. Cancelling the task
  /// cancels the statement on the server.
  @discardableResult
  public func query(_ sql: String, _ parameters: [PostgresParameter] = []) async throws(PostgresError) -> PostgresResult {
    try await thread.query(sql, parameters)
  }

  /// As `query`, for a statement that is run often: the server parses it once a session and holds it from then on, so that its text and
  /// its parameters' types should always be the same.
  @discardableResult
  public func queryPrepared(_ sql: String, _ parameters: [PostgresParameter] = []) async throws(PostgresError) -> PostgresResult {
    try await thread.queryPrepared(sql, parameters)
  }

  /// Runs several statements separated by semicolons; they are one transaction unless the text says otherwise. No rows
  /// come back.
  public func script(_ sql: String) async throws(PostgresError) {
    try await thread.run(.script(sql))
  }

  /// Puts many rows into a table (`COPY`): the fastest way in, and all or nothing. Waits, is cancelled and times out like
  /// `query`.
  ///
  /// - Parameters:
  ///   - table: with its schema before a dot, or without. It and the columns are quoted: upper and lower case differ.
  ///   - columns: of the rows' values, in their order.
  /// - Returns: the number of rows.
  @discardableResult
  public func copy(into table: String, columns: [String], rows: CopyWriter) async throws(PostgresError) -> Int {
    try await thread.copy(into: table, columns: columns, rows: rows)
  }

  /// Sends several statements without waiting for each answer: one round trip instead of many. They are one transaction, so
  /// that all of them take effect or none; statements that begin or end transactions do not belong in here.
  ///
  /// Waits for its turn like `query`. Every statement has the statement timeout to itself.
  ///
  /// - Returns: a result for each statement, in their order.
  /// - Throws: the first statement's error, with its `statementIndex`. After `connectionLost` without a `statementIndex`, nobody
  ///   knows whether the transaction was committed: `isCommitUnknown`.
  @discardableResult
  public func pipeline(_ statements: [(String, [PostgresParameter])]) async throws(PostgresError) -> [PostgresResult] {
    try await thread.pipeline(statements)
  }

  /// Runs `body` inside a transaction: committed when it returns, rolled back when it throws.
  ///
  /// Inside, use the transaction it is given; a statement sent to the connection itself would wait for ever.
  ///
  /// - Throws: what `body` throws, or a `PostgresError`. One with `isCommitUnknown` says that the connection broke during the
  ///   commit.
  @discardableResult
  public func transaction<R>(_ body: (PostgresTransaction) async throws -> R) async throws -> R {
    let id = transactions.add(1, ordering: .relaxed).newValue
    do {
      try await thread.query("BEGIN", role: .begins(id))
    } catch {
      thread.release(id)
      throw error
    }
    let value: R
    do {
      value = try await body(PostgresTransaction(thread: thread, id: id))
    } catch {
      // A connection that broke has rolled back by itself; the first error is the one that says why.
      _ = try? await thread.query("ROLLBACK", isCancellable: false, role: .ends(id))
      throw error
    }
    try await commit(id)
    return value
  }

  private func commit(_ id: UInt64) async throws(PostgresError) {
    do throws(PostgresError) {
      let result = try await thread.query("COMMIT", isCancellable: false, role: .ends(id))
      // The server answers COMMIT of a failed transaction with a ROLLBACK and no error.
      guard result.command == "COMMIT" else {
        throw PostgresError(.statement, "a statement of the transaction failed, so that nothing was committed", sqlState: "25P02")
      }
    } catch {
      guard error.code == .connectionLost || error.code == .timedOut else { throw error }
      throw PostgresError(error.code, error.message, sqlState: error.sqlState, isCommitUnknown: true)
    }
  }

  /// Lets the statement that runs finish, refuses those that wait, and ends the session. Idempotent.
  public func close() async { await thread.close() }
}
