/// The kinds of work that tasks have for a connection.
extension ConnectionThread {
  /// One statement with one result.
  @discardableResult
  func query(
    _ sql: String, _ parameters: [PostgresParameter] = [], isCancellable: Bool = true,
    role: StatementQueue<Statement>.Role = .alone
  ) async throws(PostgresError) -> PostgresResult {
    try await result(.query(sql, parameters), isCancellable: isCancellable, role: role)
  }

  /// One statement with one result that the server parses once a session.
  func queryPrepared(_ sql: String, _ parameters: [PostgresParameter]) async throws(PostgresError) -> PostgresResult {
    try await result(.prepared(sql, parameters), role: .alone)
  }

  /// - Returns: the number of rows.
  func copy(into table: String, columns: [String], rows: CopyWriter, role: StatementQueue<Statement>.Role = .alone)
    async throws(PostgresError) -> Int
  {
    precondition(columns.count == rows.columnCount, "the rows have as many values as the copy has columns")
    return try await result(.copy(CopyStatement.sql(into: table, columns: columns), rows), role: role).affected
  }

  /// - Returns: a result for each statement. None are no round trip.
  func pipeline(_ statements: [(String, [PostgresParameter])], role: StatementQueue<Statement>.Role = .alone)
    async throws(PostgresError) -> [PostgresResult]
  {
    guard !statements.isEmpty else { return [] }
    return try await run(.pipeline(statements.map(PipelineStatement.init)), role: role)
  }

  private func result(
    _ work: Statement.Work, isCancellable: Bool = true, role: StatementQueue<Statement>.Role
  ) async throws(PostgresError) -> PostgresResult {
    guard let result = try await run(work, isCancellable: isCancellable, role: role).last else {
      preconditionFailure("a statement without an error has a result")
    }
    return result
  }
}
