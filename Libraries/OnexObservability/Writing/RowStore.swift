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

/// Rows into PostgreSQL over one connection, opened again when it broke.
struct PostgresRowStore: RowStore {
  let client: PostgresClient

  func insert(_ rows: ArraySlice<Row>, into table: ObservabilityTable) async throws(PostgresError) -> Int {
    let connection = try await client.connection()
    let waves = RowWaves.split(rows, of: table)
    guard waves.count > 1 else {
      // One statement is one transaction: it is committed when the answer is here.
      return try await connection.query(table.insert, RowArrays.parameters(rows, of: table)).affected
    }
    let results = try await connection.pipeline(waves.map { (table.insert, RowArrays.parameters($0, of: table)) })
    return results.reduce(0) { $0 + $1.affected }
  }

  func check(_ table: ObservabilityTable) async throws(PostgresError) {
    let connection = try await client.connection()
    let answer = try await connection.query("SELECT to_regclass($1) IS NOT NULL AS present", [.text(table.name)])
    guard answer.count == 1, try answer[0].value("present", as: Bool.self) else {
      throw PostgresError(
        .statement, "the table \(table.name) does not exist: run `onexctl migrate up`", sqlState: SQLState.undefinedTable)
    }
  }

  func close() async { await client.close() }
}
