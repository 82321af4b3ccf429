import OnexCore
import OnexPostgres
import Testing

@Suite(.timeLimit(.minutes(1))) struct PostgresCopyTests {
  private func numbers(_ values: some Sequence<Int>) -> CopyWriter {
    var rows = CopyWriter(columnCount: 1)
    for value in values { rows.appendRow { $0.append(Int64(value)) } }
    return rows
  }

  private func count(_ connection: PostgresConnection, _ table: String) async throws -> Int {
    try await connection.query("SELECT count(*) AS n FROM \(table)")[0].value("n")
  }

  @Test func valuesOfEveryTypeArriveAsTheyWereWritten() async throws {
    let connection = try await TestDatabase.connect()
    try await connection.script(
      "CREATE TEMP TABLE kinds (s text, u uuid, y bytea, b bigint, i int, f boolean, t timestamptz, j jsonb, \"N\" text)")
    let uuid = RawUUID(high: 0x0123_4567_89AB_4DEF, low: 0x8123_4567_89AB_CDEF)
    let time = try #require(Timestamp(rfc3339: "1969-07-20T20:17:40.123456Z"))
    var rows = CopyWriter(columnCount: 9)
    rows.appendRow {
      $0.append("žlutý\t\\N 🐎\n")
      $0.append(uuid)
      $0.append(bytea: Bytes([0, 255, 10]))
      $0.append(Int64.min)
      $0.append(Int32(-1))
      $0.append(true)
      $0.append(time)
      $0.append(jsonb: "{\"a\":1}")
      $0.appendNull()
    }
    rows.appendRow { row in for _ in 0..<9 { row.appendNull() } }
    let columns = ["s", "u", "y", "b", "i", "f", "t", "j", "N"]
    #expect(try await connection.copy(into: "pg_temp.kinds", columns: columns, rows: rows) == 2)
    let result = try await connection.query("SELECT * FROM kinds ORDER BY s NULLS LAST")
    let row = result[0]
    #expect(try row.value("s", as: String.self) == "žlutý\t\\N 🐎\n")
    #expect(try row.value("u", as: RawUUID.self) == uuid)
    #expect(try row.value("y", as: Bytes.self) == Bytes([0, 255, 10]))
    #expect(try row.value("b", as: Int64.self) == .min)
    #expect(try row.value("i", as: Int.self) == -1)
    #expect(try row.value("f", as: Bool.self))
    #expect(try row.value("t", as: Timestamp.self) == time)
    #expect(try row.value("j", as: String.self) == "{\"a\": 1}")
    #expect(try row.optional("N", as: String.self) == nil)
    for column in columns { #expect(try result[1].optional(column, as: String.self) == nil) }
  }

  @Test func aHundredThousandRowsArriveAndNoneIsNoRow() async throws {
    let connection = try await TestDatabase.connect()
    try await connection.script("CREATE TEMP TABLE many (n bigint)")
    #expect(try await connection.copy(into: "many", columns: ["n"], rows: numbers(0..<100_000)) == 100_000)
    let total = try await connection.query("SELECT sum(n)::bigint AS total FROM many")
    #expect(try total[0].value("total", as: Int.self) == 4_999_950_000)
    #expect(try await connection.copy(into: "many", columns: ["n"], rows: CopyWriter(columnCount: 1)) == 0)
  }

  @Test func oneBadRowFailsAllAndLeavesTheConnectionUsable() async throws {
    let connection = try await TestDatabase.connect()
    try await connection.script("CREATE TEMP TABLE unique_numbers (n bigint PRIMARY KEY)")
    let twice = numbers(Array(0..<50_000) + [7] + Array(50_000..<100_000))
    let error = await #expect(throws: PostgresError.self) {
      try await connection.copy(into: "unique_numbers", columns: ["n"], rows: twice)
    }
    #expect(error?.sqlState == SQLState.uniqueViolation && error?.isDataError == true)
    #expect(error?.subject == "unique_numbers_pkey")
    #expect(try await count(connection, "unique_numbers") == 0)
    #expect(try await connection.copy(into: "unique_numbers", columns: ["n"], rows: numbers(0..<3)) == 3)
  }

  @Test(arguments: [("no_such_table", "n", "42P01"), ("narrow", "no_such_column", "42703"), ("narrow", "n", "22P03")])
  func whatTheServerDoesNotTakeIsAnErrorThatSaysSo(_ table: String, _ column: String, _ state: String) async throws {
    let connection = try await TestDatabase.connect()
    try await connection.script("CREATE TEMP TABLE narrow (n integer)")
    // Eight bytes for a column of four.
    let error = await #expect(throws: PostgresError.self) {
      try await connection.copy(into: table, columns: [column], rows: numbers(0..<100_000))
    }
    #expect(error?.code == .statement && error?.sqlState == state, "\(String(describing: error))")
    #expect(try await count(connection, "narrow") == 0)
  }

  @Test func aCopyBelongsToItsTransaction() async throws {
    struct Stop: Error {}
    let connection = try await TestDatabase.connect()
    try await connection.script("CREATE TEMP TABLE kept (n bigint PRIMARY KEY)")
    let rows = numbers(0..<10)
    await #expect(throws: Stop.self) {
      try await connection.transaction { transaction in
        let copied = try await transaction.copy(into: "kept", columns: ["n"], rows: rows)
        #expect(copied == 10)
        throw Stop()
      }
    }
    #expect(try await count(connection, "kept") == 0)
    try await connection.transaction { transaction in
      try await transaction.query("INSERT INTO kept VALUES (100)")
      _ = try await transaction.copy(into: "kept", columns: ["n"], rows: rows)
    }
    #expect(try await count(connection, "kept") == 11)
  }

  /// The rows wait behind a lock that another session holds, so that the copy is under way for as long as the test wants.
  private func withCopyUnderWay(
    _ configuration: PostgresConfiguration,
    _ body: (PostgresConnection, Task<Int, any Error>, _ backend: Int32) async throws -> Void
  ) async throws {
    let holder = try await TestDatabase.connect()
    let connection = try await PostgresConnection.connect(configuration)
    let table = "onex_copy_\(RandomIDSource().next())".replacing("-", with: "_")
    try await holder.script("CREATE TABLE \(table) (n bigint)")
    let watcher = try await TestDatabase.connect()
    let backend = try await connection.query("SELECT pg_backend_pid() AS pid")[0].value("pid", as: Int.self)
    let rows = numbers(0..<10)
    try await holder.transaction { transaction in
      try await transaction.query("LOCK TABLE \(table)")
      let copying = Task { try await connection.copy(into: table, columns: ["n"], rows: rows) }
      try await Postgres.until(
        watcher, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid = \(backend)) AS yes")
      try await body(connection, copying, Int32(backend))
    }
    try await holder.script("DROP TABLE \(table)")
  }

  @Test func cancellingTheTaskCancelsTheCopyAndKeepsTheConnection() async throws {
    try await withCopyUnderWay(TestDatabase.configuration()) { connection, copying, _ in
      copying.cancel()
      let error = await #expect(throws: PostgresError.self) { _ = try await copying.value }
      #expect(error?.code == .cancelled)
      let one: Int = try await connection.query("SELECT 1 AS one")[0].value("one")
      #expect(one == 1)
    }
  }

  @Test func aCopyThatTakesTooLongIsEndedByTheServer() async throws {
    var configuration = try TestDatabase.configuration()
    configuration.statementTimeout = .seconds(1)
    try await withCopyUnderWay(configuration) { connection, copying, _ in
      let error = await #expect(throws: PostgresError.self) { _ = try await copying.value }
      #expect(error?.sqlState == SQLState.queryCanceled && error?.code == .statement)
      #expect(connection.isOpen)
    }
  }

  /// The rows are on their way when the task is cancelled: a trigger holds the first one until then.
  @Test func cancellingWhileRowsAreSentFailsTheWholeCopy() async throws {
    let connection = try await TestDatabase.connect()
    let watcher = try await TestDatabase.connect()
    let mark = "onex_slow_\(RandomIDSource().next())".replacing("-", with: "_")
    try await connection.script(
      """
      CREATE TEMP TABLE \(mark) (n bigint);
      CREATE FUNCTION pg_temp.wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NEW; END';
      CREATE TRIGGER waits BEFORE INSERT ON \(mark) FOR EACH ROW WHEN (NEW.n = 0) EXECUTE FUNCTION pg_temp.wait();
      """)
    let rows = numbers(0..<1_000_000)
    let copying = Task { try await connection.copy(into: mark, columns: ["n"], rows: rows) }
    try await Postgres.until(
      watcher, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '%\(mark)%') AS yes")
    copying.cancel()
    let error = await #expect(throws: PostgresError.self) { _ = try await copying.value }
    #expect(error?.code == .cancelled)
    #expect(try await count(connection, mark) == 0)
  }

  @Test func aBackendKilledDuringACopyIsAnOutage() async throws {
    try await withCopyUnderWay(TestDatabase.configuration()) { connection, copying, backend in
      let admin = try await TestDatabase.connect()
      try await admin.query("SELECT pg_terminate_backend($1)", [.integer(backend)])
      let error = await #expect(throws: PostgresError.self) { _ = try await copying.value }
      #expect(error?.isOutage == true, "\(String(describing: error))")
      #expect(!connection.isOpen)
    }
  }
}
