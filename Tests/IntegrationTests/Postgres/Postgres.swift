import OnexCore
import OnexPostgres
import Testing

enum Postgres {
  /// Asks until the statement's column `yes` is true; a bound, not a wait, ends a test that would hang.
  static func until(_ connection: PostgresConnection, _ sql: String) async throws {
    let deadline = ContinuousClock.now + .seconds(20)
    while ContinuousClock.now < deadline {
      if try await connection.query(sql)[0].value("yes", as: Bool.self) { return }
      await Task.yield()
    }
    Issue.record("never true: \(sql)")
  }
}
