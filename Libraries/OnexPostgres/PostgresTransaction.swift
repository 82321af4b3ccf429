/// A transaction that has begun and has the connection to itself. Valid until the body that it was given to returns.
public struct PostgresTransaction: Sendable {
  let thread: ConnectionThread
  let id: UInt64

  @discardableResult
  public func query(_ sql: String, _ parameters: [PostgresParameter] = []) async throws(PostgresError) -> PostgresResult {
    try await thread.query(sql, parameters, role: .inside(id))
  }

  /// See `PostgresConnection.copy`. An error ends the transaction too.
  @discardableResult
  public func copy(into table: String, columns: [String], rows: CopyWriter) async throws(PostgresError) -> Int {
    try await thread.copy(into: table, columns: columns, rows: rows, role: .inside(id))
  }

  /// See `PostgresConnection.pipeline`. An error ends the transaction too.
  @discardableResult
  public func pipeline(_ statements: [(String, [PostgresParameter])]) async throws(PostgresError) -> [PostgresResult] {
    try await thread.pipeline(statements, role: .inside(id))
  }
}
