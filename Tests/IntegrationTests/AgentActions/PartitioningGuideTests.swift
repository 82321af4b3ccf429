import Glibc
import OnexCore
import OnexMigrations
import OnexPostgres
import OnexService
import ProcessTestSupport
import Testing

/// docs/guides/partitioning-a-table.md does what it says.
@Suite(.timeLimit(.minutes(2))) struct PartitioningGuideTests {
  /// The statements of the guide's SQL blocks, one script for each block, or for each statement where they must run alone.
  private func scripts() throws -> [String] {
    let path = ScratchDatabase.migrations + "/../docs/guides/partitioning-a-table.md"
    guard let file = fopen(path, "r") else { throw TestFailure("\(path) cannot be read") }
    defer { fclose(file) }
    var text = [UInt8](repeating: 0, count: 1 << 16)
    let count = fread(&text, 1, text.count, file)
    let blocks = String(decoding: text[..<count], as: UTF8.self).split(separator: "```sql").dropFirst()
      .compactMap { $0.split(separator: "```").first.map(String.init) }
    return blocks.flatMap { block in
      block.contains("CONCURRENTLY")
        ? block.split(separator: ";").map(String.init).filter { $0.contains("TABLE") || $0.contains("INDEX") } : [block]
    }
  }

  @Test func aPlainTableThatIsWrittenToIsPartitionedWithoutLosingARow() async throws {
    try await ScratchDatabase.with { url in
      let connection = try await PostgresConnection.connect(PostgresConfiguration(.connectionString(url)))
      try await connection.script(
        """
        CREATE TABLE agent_actions (
          id uuid PRIMARY KEY, correlation_id uuid NOT NULL, agent_name varchar(255) NOT NULL, action_type varchar(50) NOT NULL,
          action_name varchar(255) NOT NULL, created_at timestamptz NOT NULL, status varchar(50), duration_ms integer, result text,
          error_message text, project_path text, project_name varchar(255), working_directory text,
          metadata jsonb NOT NULL DEFAULT '{}');
        CREATE INDEX actions_time ON agent_actions (created_at);
        """)
      let insert = """
        INSERT INTO agent_actions (id, correlation_id, agent_name, action_type, action_name, created_at)
        SELECT gen_random_uuid(), gen_random_uuid(), 'a', 'b', 'c', now() FROM generate_series(1, 100) ON CONFLICT DO NOTHING
        """
      let scripts = try scripts()
      #expect(scripts.count == 4)
      let written = try await withThrowingTaskGroup(of: Int.self) { group in
        let ending = ShutdownSignal()
        group.addTask {
          let writer = try await PostgresConnection.connect(PostgresConfiguration(.connectionString(url)))
          var count = 0
          while !ending.isRequested { count += try await writer.query(insert).affected }
          await writer.close()
          return count
        }
        var before = 0
        for script in scripts {
          // The writer has been seen between any two steps.
          try await AgentActionsStage.until {
            let now = try await connection.query("SELECT count(*)::int AS n FROM agent_actions")[0].value("n", as: Int.self)
            defer { before = max(before, now) }
            return now > before && before > 0
          }
          try await connection.script(script)
        }
        ending.request()
        return try await group.reduce(0, +)
      }
      let rows = try await connection.query("SELECT count(*)::int AS n FROM agent_actions")[0].value("n", as: Int.self)
      #expect(rows == written)
      _ = try await Migrator(connection, try MigrationFolder.load(ScratchDatabase.migrations)).up()
      #expect(try await SchemaVersion.mismatch(connection) == nil)
      let after = try await connection.query("SELECT count(*)::int AS n FROM agent_actions_before")[0].value("n", as: Int.self)
      #expect(after == written, "the migrations leave the partition as it is")
      await connection.close()
    }
  }
}
