import OnexCore
import OnexMigrations
import OnexPostgres
import Testing

@Suite(.timeLimit(.minutes(2))) struct MigratorTests {
  private func files() throws -> [Migration] { try MigrationFolder.load(ScratchDatabase.migrations) }

  private func connect(_ url: String) async throws -> PostgresConnection {
    try await PostgresConnection.connect(PostgresConfiguration(.connectionString(url)))
  }

  @Test func upDownAndUpAgain() async throws {
    try await ScratchDatabase.with { url in
      let connection = try await connect(url)
      let titles = try files().map(\.title)
      let migrator = Migrator(connection, try files())
      #expect(try await SchemaVersion.mismatch(connection)?.contains("onexctl migrate up") == true)
      #expect(try await migrator.up().count == SchemaVersion.expected)
      #expect(try await migrator.up().isEmpty)
      #expect(try await migrator.state().isCurrent)
      #expect(try await SchemaVersion.mismatch(connection) == nil)
      #expect(try await migrator.down(steps: 1) == [titles.last])
      #expect(try await migrator.state().pending == [SchemaVersion.expected])
      #expect(try await migrator.down(steps: 9) == titles.dropLast().reversed())
      #expect(try await migrator.up(to: 1) == ["001_agent_actions"])
      #expect(try await migrator.up() == Array(titles.dropFirst()))
      await connection.close()
    }
  }

  /// As PostgreSQL's init directory does it: each file as it is, without this program.
  @Test func aDatabaseThatRanTheFilesByItselfIsTakenOver() async throws {
    try await ScratchDatabase.with { url in
      let connection = try await connect(url)
      for file in try files() { try await connection.script(file.sql.text) }
      #expect(try await SchemaVersion.mismatch(connection) == nil)
      let migrator = Migrator(connection, try files())
      #expect(try await migrator.state().rows.allSatisfy { $0.standing == .unchecked })
      #expect(try await migrator.up().isEmpty)
      #expect(try await migrator.state().isCurrent)
      await connection.close()
    }
  }

  /// A rollback that was cut off, a backup that was put back without its table of migrations: the files find what they would make.
  @Test func theFilesCanBeAppliedAgain() async throws {
    try await ScratchDatabase.withSchema { _, connection in
      let before = try await functions(connection)
      for file in try files() { try await connection.script(file.sql.text) }
      #expect(try await functions(connection) == before)
      #expect(try await Migrator(connection, try files()).state().isCurrent)
    }
  }

  /// Each function as PostgreSQL would write it, one after the other.
  private func functions(_ connection: PostgresConnection) async throws -> String {
    let rows = try await connection.query(
      """
      SELECT string_agg(pg_get_functiondef(oid), E'\n' ORDER BY oid::regprocedure::text) AS text
      FROM pg_proc WHERE prokind = 'f' AND pronamespace IN ('runtime'::regnamespace, 'public'::regnamespace)
      """)
    return try rows[0].value("text", as: String.self)
  }

  @Test func twoAtOnceApplyEachFileOnce() async throws {
    try await ScratchDatabase.with { url in
      let files = try files()
      let done = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<4 {
          group.addTask {
            let connection = try await connect(url)
            return try await Migrator(connection, files).up().count
          }
        }
        return try await group.reduce(0, +)
      }
      #expect(done == files.count)
    }
  }

  @Test func aFailedFileIsRolledBackAndNamedAndTheOthersStay() async throws {
    try await ScratchDatabase.with { url in
      let connection = try await connect(url)
      let broken = Migration(
        number: SchemaVersion.expected + 1, name: "broken", sql: "CREATE TABLE half (a int); SELECT nonsense FROM nowhere")
      let migrator = Migrator(connection, try files() + [broken])
      let failure = await #expect(throws: Migrator.Failure.self) { try await migrator.up() }
      let words = failure?.description ?? ""
      #expect(words.hasPrefix("\(broken.title) failed and was rolled back") && words.contains("nowhere"), "\(words)")
      #expect(try await migrator.state().pending == [SchemaVersion.expected + 1])
      let left = try await connection.query("SELECT to_regclass('half') IS NULL AS gone")
      #expect(try left[0].value("gone", as: Bool.self))
      await connection.close()
    }
  }

  @Test func anEditedFileStopsEverything() async throws {
    try await ScratchDatabase.with { url in
      let connection = try await connect(url)
      var files = try files()
      _ = try await Migrator(connection, files).up()
      files[0] = Migration(number: 1, name: files[0].name, sql: "SELECT 1", rollback: files[0].rollback)
      let migrator = Migrator(connection, files + [Migration(number: SchemaVersion.expected + 1, name: "next", sql: "SELECT 3")])
      await #expect(throws: Migrator.Failure.self) { try await migrator.up() }
      #expect(try await migrator.state().pending == [SchemaVersion.expected + 1])
      await connection.close()
    }
  }
}
