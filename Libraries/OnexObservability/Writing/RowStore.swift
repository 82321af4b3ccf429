import OnexCore
import OnexPostgres

/// Where rows go. PostgreSQL in production; tests bring one that fails on command.
protocol RowStore: Sendable {
  /// Writes all rows in one transaction, or none. The table's rule says what happens to a row that is there already.
  ///
  /// - Returns: how many were new or changed the row that was there.
  func insert(_ rows: ArraySlice<Row>, into table: ObservabilityTable) async throws(PostgresError) -> Int

  /// Throws when rows of `table` cannot be written now.
  ///
  /// - Returns: the time by the database's clock.
  func check(_ table: ObservabilityTable) async throws(PostgresError) -> Timestamp

  func close() async
}
