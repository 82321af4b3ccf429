import OnexCore
import OnexPostgres
import Testing

@Suite(.timeLimit(.minutes(1))) struct PostgresConnectionTests {
  @Test func valuesOfEveryTypeComeBackAsTheyWereSent() async throws {
    let connection = try await TestDatabase.connect()
    let uuid = RawUUID(high: 0x0123_4567_89AB_4DEF, low: 0x8123_4567_89AB_CDEF)
    let time = try #require(Timestamp(rfc3339: "1969-07-20T20:17:40.123456Z"))
    let result = try await connection.query(
      "SELECT $1::uuid AS u, $2::timestamptz AS t, $3::bigint AS b, $4::int AS i, $5::bool AS f, $6::jsonb AS j, $7::text AS s, $8::bytea AS y, $9::text AS n",
      [
        .uuid(uuid), .timestamp(time), .bigint(.min), .integer(-1), .boolean(true), .jsonb("{\"a\":1}"), .text("žlutý 🐎"),
        .bytea(Bytes([0, 255])), .text(nil),
      ])
    let row = result[0]
    #expect(try row.value("u", as: RawUUID.self) == uuid)
    #expect(try row.value("t", as: Timestamp.self) == time)
    #expect(try row.value("b", as: Int64.self) == .min)
    #expect(try row.value("i", as: Int.self) == -1)
    #expect(try row.value("f", as: Bool.self))
    #expect(try row.value("j", as: String.self) == "{\"a\": 1}")
    #expect(try row.value("s", as: String.self) == "žlutý 🐎")
    #expect(try row.value("y", as: Bytes.self) == Bytes([0, 255]))
    #expect(try row.optional("n", as: String.self) == nil)
    #expect(throws: PostgresError.self) { try row.value("n", as: String.self) }
    #expect(throws: PostgresError.self) { try row.value("absent", as: String.self) }
    await connection.close()
  }

  @Test func arraysArriveElementByElement() async throws {
    let connection = try await TestDatabase.connect()
    var numbers = PostgresArray(of: .integer)
    var texts = PostgresArray(of: .text)
    for index in 0..<1000 {
      numbers.append(Int32(index))
      if index.isMultiple(of: 2) { texts.appendNull() } else { texts.append("{\"\\,}\(index)") }
    }
    let result = try await connection.query(
      "SELECT sum(n)::bigint AS total, count(t) AS texts, min(t) FILTER (WHERE n = 7) AS seventh FROM unnest($1::int[], $2::text[]) AS x(n, t)",
      [.array(numbers), .array(texts)])
    #expect(try result[0].value("total", as: Int.self) == 499_500)
    #expect(try result[0].value("texts", as: Int.self) == 500)
    #expect(try result[0].value("seventh", as: String.self) == "{\"\\,}7")
    let empty = try await connection.query("SELECT count(*) AS n FROM unnest($1::int[])", [.array(PostgresArray(of: .integer))])
    #expect(try empty[0].value("n", as: Int.self) == 0)
  }

  @Test func aStatementThatCannotBeSentIsNoOutage() async throws {
    let connection = try await TestDatabase.connect()
    let tooMany = [PostgresParameter](repeating: .integer(1), count: 65_536)
    let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1", tooMany) }
    #expect(error?.code == .statement && error?.isRetriable == false, "\(String(describing: error))")
    #expect(try await connection.query("SELECT 1 AS one", []).count == 1, "the connection is as good as before")
    await connection.close()
  }

  @Test(arguments: ["22003", "22P02", "42P01", "42601"])
  func aStatementsErrorIsTypedAndLeavesTheConnectionUsable(_ state: String) async throws {
    let statements = [
      "22003": "SELECT 2147483647 + 1", "22P02": "SELECT 'x'::uuid", "42P01": "SELECT * FROM no_such_table", "42601": "SELEC",
    ]
    let connection = try await TestDatabase.connect()
    let error = await #expect(throws: PostgresError.self) { try await connection.query(statements[state] ?? "") }
    #expect(error?.sqlState == state)
    #expect(error?.isDataError == state.hasPrefix("22"))
    #expect(try await connection.query("SELECT 1 AS one")[0].value("one", as: Int.self) == 1)
  }

  @Test func aTransactionIsCommittedOrRolledBackAsAWhole() async throws {
    struct Stop: Error {}
    let connection = try await TestDatabase.connect()
    try await connection.script("CREATE TEMP TABLE kept (n int PRIMARY KEY)")
    try await connection.transaction { try await $0.query("INSERT INTO kept VALUES (1)") }
    await #expect(throws: Stop.self) {
      try await connection.transaction { transaction in
        try await transaction.query("INSERT INTO kept VALUES (2)")
        throw Stop()
      }
    }
    // A body that swallows an error must not believe that its rows were committed.
    let swallowed = await #expect(throws: PostgresError.self) {
      try await connection.transaction { transaction in
        try await transaction.query("INSERT INTO kept VALUES (3)")
        _ = try? await transaction.query("INSERT INTO kept VALUES (1)")
      }
    }
    #expect(swallowed?.sqlState == "25P02")
    #expect(try await connection.query("SELECT array_agg(n)::text AS all FROM kept")[0].value("all", as: String.self) == "{1}")
  }

  @Test func statementsOfOtherTasksWaitForAnOpenTransaction() async throws {
    let connection = try await TestDatabase.connect()
    try await connection.script("CREATE TEMP TABLE seen (n int)")
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<8 {
        group.addTask {
          try await connection.transaction { transaction in
            let before = try await transaction.query("SELECT count(*) AS n FROM seen")[0].value("n", as: Int.self)
            try await transaction.query("INSERT INTO seen VALUES ($1)", [.integer(Int32(before))])
            return try await transaction.query("SELECT count(*) AS n FROM seen")[0].value("n", as: Int.self) - before
          }
        }
      }
      for try await difference in group { #expect(difference == 1) }
    }
    let result = try await connection.query("SELECT count(DISTINCT n) AS n FROM seen")
    #expect(try result[0].value("n", as: Int.self) == 8)
  }

  @Test func cancellingTheTaskCancelsTheStatementAndKeepsTheConnection() async throws {
    let connection = try await TestDatabase.connect()
    let watcher = try await TestDatabase.connect()
    let mark = "onex_cancel_\(RandomIDSource().next())"
    let sleeper = Task { try await connection.query("SELECT pg_sleep(60) /* \(mark) */") }
    let isRunning = "state = 'active' AND query LIKE 'SELECT pg_sleep(60) /* \(mark)%'"
    try await Postgres.until(watcher, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE \(isRunning)) AS yes")
    sleeper.cancel()
    let error = await #expect(throws: PostgresError.self) { try await sleeper.value }
    #expect(error?.code == .cancelled)
    #expect(try await connection.query("SELECT 1 AS one")[0].value("one", as: Int.self) == 1)
  }

  @Test func aStatementThatTakesTooLongIsEndedByTheServer() async throws {
    var configuration = try TestDatabase.configuration()
    configuration.statementTimeout = .milliseconds(50)
    let connection = try await PostgresConnection.connect(configuration)
    let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT pg_sleep(60)") }
    #expect(error?.sqlState == SQLState.queryCanceled)
    #expect(error?.isRetriable == true)
    #expect(connection.isOpen)
  }

  @Test func aSessionThatTheServerEndsIsAnOutage() async throws {
    let connection = try await TestDatabase.connect()
    let error = await #expect(throws: PostgresError.self) {
      try await connection.query("SELECT pg_terminate_backend(pg_backend_pid())")
    }
    #expect(error?.isOutage == true)
    #expect(!connection.isOpen)
    let later = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
    #expect(later?.isOutage == true)
  }

  @Test func aClientOpensANewConnectionAfterOneBroke() async throws {
    let client = PostgresClient(try TestDatabase.configuration())
    let first = try await client.connection()
    _ = try? await first.query("SELECT pg_terminate_backend(pg_backend_pid())")
    let second = try await client.connection()
    #expect(first !== second)
    #expect(try await second.query("SELECT 1 AS one")[0].value("one", as: Int.self) == 1)
    await client.close()
    await #expect(throws: PostgresError.self) { try await client.connection() }
  }

  @Test func nobodyListeningIsAnOutageThatNamesTheAddress() async throws {
    // Port 9 (discard) is closed wherever the tests run.
    let target = PostgresConfiguration.Target.parts(host: "127.0.0.1", port: 9, user: "u", password: "hidden", database: "d")
    let error = await #expect(throws: PostgresError.self) { try await PostgresConnection.connect(PostgresConfiguration(target)) }
    #expect(error?.code == .unreachable)
    #expect(error?.message.contains("127.0.0.1") == true)
    #expect(error?.message.contains("hidden") == false)
  }

  @Test func closingRefusesWhatComesLater() async throws {
    let connection = try await TestDatabase.connect()
    await connection.close()
    await connection.close()
    let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
    #expect(error?.code == .closed)
  }

  @Test func moreStatementsThanTheQueueTakesAreRefused() async throws {
    var configuration = try TestDatabase.configuration()
    configuration.queuedMax = 2
    let connection = try await PostgresConnection.connect(configuration)
    let outcomes = await withTaskGroup(of: PostgresError.Code?.self) { group in
      for _ in 0..<20 {
        group.addTask {
          do throws(PostgresError) {
            try await connection.query("SELECT pg_sleep(0.05)")
            return nil
          } catch {
            return error.code
          }
        }
      }
      return await group.reduce(into: [PostgresError.Code?]()) { $0.append($1) }
    }
    #expect(outcomes.contains(.queueFull))
    #expect(outcomes.contains(nil))
  }
}
