import OnexPostgres
import Testing

@Suite(.timeLimit(.minutes(1))) struct PostgresPreparedTests {
  private static let sum = "SELECT $1::int + $2::int AS sum"

  private func sum(_ connection: PostgresConnection, _ one: Int32, _ other: Int32) async throws -> Int {
    let rows = try await connection.queryPrepared(Self.sum, [.integer(one), .integer(other)])
    return try rows[0].value("sum", as: Int.self)
  }

  private func held(_ connection: PostgresConnection) async throws -> Int {
    let rows = try await connection.query("SELECT count(*) AS count FROM pg_prepared_statements")
    return try rows[0].value("count", as: Int.self)
  }

  @Test func aStatementIsParsedOnceAndRunWithItsOwnValues() async throws {
    let connection = try await TestDatabase.connect()
    #expect(try await sum(connection, 1, 2) == 3)
    #expect(try await sum(connection, 30, 4) == 34)
    #expect(try await held(connection) == 1)
    _ = try await connection.queryPrepared("SELECT 1")
    #expect(try await held(connection) == 2)
    await connection.close()
  }

  @Test func whatTheServerHasForgottenIsPreparedAgain() async throws {
    let connection = try await TestDatabase.connect()
    #expect(try await sum(connection, 1, 2) == 3)
    try await connection.script("DEALLOCATE ALL")
    #expect(try await sum(connection, 3, 4) == 7)
    await connection.close()
  }

  @Test func aTableThatHasChangedIsPreparedAgain() async throws {
    let connection = try await TestDatabase.connect()
    try await connection.script("CREATE TEMP TABLE changing (n int); INSERT INTO changing VALUES (1)")
    let before = try await connection.queryPrepared("SELECT * FROM changing")
    #expect(try before[0].value("n", as: Int.self) == 1)
    try await connection.script("ALTER TABLE changing ADD COLUMN text text DEFAULT 'x'")
    let after = try await connection.queryPrepared("SELECT * FROM changing")
    #expect(try after[0].value("text", as: String.self) == "x")
    #expect(try await held(connection) == 1, "the one made for the old table is not kept")
    await connection.close()
  }

  @Test func aStatementThatIsAlwaysRefusedLeavesNoneBehind() async throws {
    let connection = try await TestDatabase.connect()
    try await connection.script(
      """
      CREATE FUNCTION pg_temp.refuse() RETURNS int LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'not here' USING ERRCODE = 'feature_not_supported'; END $$
      """)
    for _ in 0..<4 {
      let error = await #expect(throws: PostgresError.self) { try await connection.queryPrepared("SELECT pg_temp.refuse()") }
      #expect(error?.sqlState == "0A000")
    }
    #expect(try await held(connection) == 1)
    await connection.close()
  }

  @Test func anErrorOfTheTextOrOfTheValuesIsTold() async throws {
    let connection = try await TestDatabase.connect()
    for sql in ["SELEC 1", "SELECT 1 / $1::int"] {
      for _ in 0..<2 {
        let error = await #expect(throws: PostgresError.self) {
          try await connection.queryPrepared(sql, sql.hasSuffix("int") ? [.integer(0)] : [])
        }
        #expect(error?.code == .statement && ["42601", "22012"].contains(error?.sqlState))
      }
    }
    #expect(try await sum(connection, 1, 2) == 3, "the connection goes on")
    await connection.close()
  }
}
