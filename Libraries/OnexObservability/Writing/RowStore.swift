import OnexPostgres

/// Where rows go. PostgreSQL in production; tests bring one that fails on command.
protocol RowStore: Sendable {
  /// Writes all rows in one transaction, or none. The table's rule says what happens to a row that is there already.
  ///
  /// - Returns: how many were new or changed the row that was there.
  func insert(_ rows: ArraySlice<Row>, into table: ObservabilityTable) async throws(PostgresError) -> Int

  /// Whether rows of `table` could be written now.
  func check(_ table: ObservabilityTable) async throws(PostgresError)

  func close() async
}
