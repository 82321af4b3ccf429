import OnexCore
import OnexPostgres
import Testing

@Suite(.timeLimit(.minutes(1))) struct PostgresPipelineTests {
  private func connection() async throws -> PostgresConnection {
    let connection = try await TestDatabase.connect()
    try await connection.script("CREATE TEMP TABLE seen (n bigint PRIMARY KEY DEFERRABLE INITIALLY IMMEDIATE)")
    return connection
  }

  private func insert(_ number: Int64) -> (String, [PostgresParameter]) { ("INSERT INTO seen VALUES ($1)", [.bigint(number)]) }

  private func seen(_ connection: PostgresConnection) async throws -> [Int] {
    try await connection.query("SELECT n FROM seen ORDER BY n").rows.map { row in try row.value("n") }
  }

  @Test func everyStatementHasItsAnswerInOrder() async throws {
    let connection = try await connection()
    let results = try await connection.pipeline([
      insert(1), ("SELECT n + 10 AS more FROM seen", []), ("UPDATE seen SET n = 2 WHERE n = 7", []),
      ("SELECT $1::text AS said", [.text("ahoj")]),
    ])
    #expect(results.count == 4)
    #expect(results[0].affected == 1 && results[2].affected == 0)
    #expect(try results[1][0].value("more", as: Int.self) == 11)
    #expect(try results[3][0].value("said", as: String.self) == "ahoj")
    #expect(try await connection.pipeline([]).isEmpty)
    #expect(try await seen(connection) == [1])
  }

  @Test func manyLargeStatementsAndAnswersDoNotBlockEachOther() async throws {
    let connection = try await connection()
    let text = String(repeating: "x", count: 100_000)
    let statements = (0..<500).map { ("SELECT $1::text AS back, \($0) AS n", [PostgresParameter.text(text)]) }
    let results = try await connection.pipeline(statements)
    for (index, result) in results.enumerated() { #expect(try result[0].value("n", as: Int.self) == index) }
    #expect(try results[499][0].value("back", as: String.self) == text)
  }

  @Test(arguments: [0, 1, 2])
  func anErrorUndoesAllAndNamesItsStatement(_ index: Int) async throws {
    let connection = try await connection()
    var statements = [insert(1), insert(2), insert(3)]
    statements[index] = ("SELECT 1 / $1::bigint", [.bigint(0)])
    let error = await #expect(throws: PostgresError.self) { try await connection.pipeline(statements) }
    #expect(error?.statementIndex == index && error?.sqlState == "22012" && error?.isDataError == true)
    #expect(error?.description.contains("statement \(index) of the pipeline") == true)
    #expect(try await seen(connection).isEmpty)
    #expect(try await connection.pipeline([insert(5)]).count == 1)
    #expect(try await seen(connection) == [5])
  }

  @Test func theFirstOfSeveralErrorsIsTheOneThatIsThrown() async throws {
    let connection = try await connection()
    let error = await #expect(throws: PostgresError.self) {
      try await connection.pipeline([insert(1), insert(1), ("SELEC", [])])
    }
    #expect(error?.statementIndex == 1 && error?.sqlState == SQLState.uniqueViolation && error?.subject == "seen_pkey")
  }

  @Test func anErrorOfTheCommitBelongsToNoStatement() async throws {
    let connection = try await connection()
    let error = await #expect(throws: PostgresError.self) {
      try await connection.pipeline([("SET CONSTRAINTS ALL DEFERRED", []), insert(1), insert(1)])
    }
    #expect(error?.sqlState == SQLState.uniqueViolation && error?.statementIndex == nil, "\(String(describing: error))")
    #expect(try await seen(connection).isEmpty)
  }

  @Test func aPipelineBelongsToItsTransaction() async throws {
    let connection = try await connection()
    try await connection.transaction { _ = try await $0.pipeline([insert(1), insert(2)]) }
    #expect(try await seen(connection) == [1, 2])
    let error = await #expect(throws: PostgresError.self) {
      try await connection.transaction { transaction in
        try await transaction.pipeline([insert(3)])
        _ = try await transaction.pipeline([insert(4), insert(3)])
      }
    }
    #expect(error?.statementIndex == 1)
    #expect(try await seen(connection) == [1, 2])
  }

  @Test func copyInAPipelineEndsTheConnectionWithAReason() async throws {
    let connection = try await connection()
    let error = await #expect(throws: PostgresError.self) {
      try await connection.pipeline([insert(1), ("COPY seen FROM STDIN", [])])
    }
    #expect(error?.message.contains("COPY") == true && !connection.isOpen)
  }

  /// Waits until the pipeline stands at its `pg_sleep`.
  private func sleeping(_ connection: PostgresConnection, _ statements: [(String, [PostgresParameter])], _ mark: String)
    async throws -> Task<[PostgresResult], any Error>
  {
    let watcher = try await TestDatabase.connect()
    let running = Task { try await connection.pipeline(statements) }
    try await Postgres.until(
      watcher, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '%\(mark)') AS yes")
    return running
  }

  @Test func cancellingTheTaskUndoesAllAndKeepsTheConnection() async throws {
    let connection = try await connection()
    let mark = "/* \(RandomIDSource().next()) */"
    let running = try await sleeping(connection, [insert(1), ("SELECT pg_sleep(60) \(mark)", []), insert(2)], mark)
    running.cancel()
    let error = await #expect(throws: PostgresError.self) { _ = try await running.value }
    #expect(error?.code == .cancelled && error?.statementIndex == 1)
    #expect(try await seen(connection).isEmpty)
  }

  @Test func aStatementThatTakesTooLongIsEndedByTheServer() async throws {
    var configuration = try TestDatabase.configuration()
    configuration.statementTimeout = .milliseconds(50)
    let connection = try await PostgresConnection.connect(configuration)
    let error = await #expect(throws: PostgresError.self) {
      try await connection.pipeline([("SELECT 1", []), ("SELECT pg_sleep(60)", [])])
    }
    #expect(error?.sqlState == SQLState.queryCanceled && error?.statementIndex == 1 && connection.isOpen)
  }

  @Test func aConnectionKilledInTheMiddleIsLostAndNothingWasDone() async throws {
    let table = "onex_pipeline_\(RandomIDSource().next())".replacing("-", with: "_")
    let admin = try await TestDatabase.connect()
    try await admin.script("CREATE TABLE \(table) (n bigint)")
    let connection = try await TestDatabase.connect()
    let pid = try await connection.query("SELECT pg_backend_pid() AS pid")[0].value("pid", as: Int.self)
    let mark = "/* \(table) */"
    let statements: [(String, [PostgresParameter])] = [
      ("INSERT INTO \(table) VALUES (1)", []), ("SELECT pg_sleep(60) \(mark)", []), ("INSERT INTO \(table) VALUES (2)", []),
    ]
    let running = try await sleeping(connection, statements, mark)
    try await admin.query("SELECT pg_terminate_backend($1)", [.integer(Int32(pid))])
    let error = await #expect(throws: PostgresError.self) { _ = try await running.value }
    #expect(error?.code == .connectionLost && error?.isOutage == true && !connection.isOpen, "\(String(describing: error))")
    #expect(error?.statementIndex == 1 && error?.isCommitUnknown == false)
    #expect(try await admin.query("SELECT count(*) AS n FROM \(table)")[0].value("n", as: Int.self) == 0)
    try await admin.script("DROP TABLE \(table)")
  }
}
