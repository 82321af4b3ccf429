import OnexCore
import OnexPostgres
import Synchronization

/// Rows into PostgreSQL over several connections, each opened again when it broke.
///
/// No pool: one that waits for a connection cannot tell its caller at once that the database is away.
final class PostgresRowStore: RowStore {
  private let clients: [PostgresClient]
  private let free: Mutex<[PostgresClient]>

  /// - Parameters:
  ///   - writersMax: tasks that insert at the same time, which is the caller's promise.
  ///   - connect: gives a client; it opens nothing yet.
  init(writersMax: Int = 1, connect: () -> PostgresClient) {
    clients = (0..<writersMax).map { _ in connect() }
    free = Mutex(clients)
  }

  func insert(_ rows: ArraySlice<Row>, into table: ObservabilityTable) async throws(PostgresError) -> Int {
    guard let client = free.withLock({ $0.popLast() }) else { preconditionFailure("every writer has a connection") }
    // The last one used is the first to be used again: what a light load needs stays warm.
    defer { free.withLock { $0.append(client) } }
    let connection = try await client.connection()
    let waves = RowWaves.split(rows, of: table)
    guard waves.count > 1 else {
      // One statement is one transaction: it is committed when the answer is here.
      return try await connection.query(table.insert, RowArrays.parameters(rows, of: table)).affected
    }
    let results = try await connection.pipeline(waves.map { (table.insert, RowArrays.parameters($0, of: table)) })
    return results.reduce(0) { $0 + $1.affected }
  }

  func check(_ table: ObservabilityTable) async throws(PostgresError) -> Timestamp {
    let connection = try await clients[clients.count - 1].connection()
    let answer = try await connection.query(
      "SELECT to_regclass($1) IS NOT NULL AS present, clock_timestamp() AS now", [.text(table.name)])
    guard answer.count == 1, try answer[0].value("present", as: Bool.self) else {
      throw PostgresError(
        .statement, "the table \(table.name) does not exist: run `onexctl migrate up`", sqlState: SQLState.undefinedTable)
    }
    return try answer[0].value("now")
  }

  func close() async {
    for client in clients { await client.close() }
  }
}
