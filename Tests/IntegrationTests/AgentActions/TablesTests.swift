import OnexCore
import OnexMigrations
import OnexPostgres
import Testing

@testable import OnexObservability

/// What the code declares is what the migrations make.
@Suite(.timeLimit(.minutes(2))) struct TablesTests {
  @Test func everyTableIsAsDeclared() async throws {
    try await ScratchDatabase.withSchema { _, connection in
      for table in ObservabilityTable.all {
        let result = try await connection.query(
          """
          SELECT a.attname::text || ' ' || format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
            AS line
          FROM pg_attribute AS a WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
          """, [.text(table.name)])
        let lines = try result.rows.map { try $0.value("line", as: String.self) }
        let declared = table.columns.map { "\($0.name) \(Self.type($0.kind))\($0.source == .optional ? "" : " not null")" }
        #expect(lines == declared + ["metadata jsonb not null"], "\(table.name)")
        let key = try await connection.query(
          """
          SELECT string_agg(a.attname, ',' ORDER BY array_position(i.indkey::smallint[], a.attnum)) AS columns
          FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
          WHERE i.indrelid = $1::text::regclass AND i.indisprimary
          """, [.text(table.name)])
        #expect(try key[0].value("columns", as: String.self) == table.key.joined(separator: ","), "\(table.name)")
        let indexed = try await connection.query(
          """
          SELECT count(DISTINCT a.attname)::int AS n FROM pg_index AS i
          JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
          WHERE i.indrelid = $1::text::regclass AND a.attname IN ('correlation_id', $2)
          """, [.text(table.name), .text(table.timeColumn)])
        #expect(try indexed[0].value("n", as: Int.self) == 2, "\(table.name) is found by time and by correlation id")
      }
    }
  }

  private static func type(_ kind: Column.Kind) -> String {
    switch kind {
    case .uuid: "uuid"
    case .text: "text"
    case .varchar(let limit): "character varying(\(limit))"
    case .choice: "character varying(50)"
    case .timestamp: "timestamp with time zone"
    case .integer: "integer"
    case .numeric(let precision, let scale, _): "numeric(\(precision),\(scale))"
    case .json: "jsonb"
    }
  }

  @Test func theViewShowsTheLastDayOfEveryTable() async throws {
    try await ScratchDatabase.withSchema { url, connection in
      let store = PostgresRowStore { PostgresClient(PostgresConfiguration(.connectionString(url))) }
      let now = try await connection.query("SELECT now() AS now")[0].value("now", as: Timestamp.self)
      for table in ObservabilityTable.all {
        var decoder = RowDecoder()
        for time in [now, now + .seconds(-90_000)] {
          let event = PoisonMatrix(table: table).event([table.timeColumn: .string(time.rfc3339)])
          let record = ConsumedRecord(
            source: TopicPartition(table.topic, 0), offset: 0, key: nil, value: JSONValue.object(event).encoded(), timestamp: nil)
          _ = try await store.insert([try decoder.decode(record, for: table, receivedAt: now)], into: table)
        }
      }
      let shown = try await connection.query(
        "SELECT table_name, kind IS NOT NULL AND summary <> '' AS is_told FROM agent_activity_realtime")
      #expect(try Set(shown.rows.map { try $0.value("table_name", as: String.self) }) == Set(ObservabilityTable.all.map(\.name)))
      #expect(shown.count == 7)
      #expect(try shown.rows.allSatisfy { try $0.value("is_told", as: Bool.self) })
      await store.close()
    }
  }

  /// As installations of the version before have it: rows in one default partition, some of clocks that are wrong.
  @Test func rowsOfTheVersionBeforeBecomeAPartitionOfTheirOwn() async throws {
    try await ScratchDatabase.with { url in
      let connection = try await PostgresConnection.connect(PostgresConfiguration(.connectionString(url)))
      let migrator = Migrator(connection, try MigrationFolder.load(ScratchDatabase.migrations))
      _ = try await migrator.up(to: 3)
      try await connection.script(
        """
        INSERT INTO agent_actions (id, correlation_id, agent_name, action_type, action_name, created_at)
        SELECT gen_random_uuid(), gen_random_uuid(), 'a', 'b', 'c', now() - n * interval '1 hour' FROM generate_series(-100, 2000) AS n
        """)
      _ = try await migrator.up()
      let places = try await connection.query(
        "SELECT tableoid::regclass::text AS place, count(*)::int AS n FROM agent_actions GROUP BY 1 ORDER BY 1")
      #expect(
        try places.rows.map { try $0.value("place", as: String.self) } == ["agent_actions_before", "agent_actions_default"])
      #expect(try places.rows.map { try $0.value("n", as: Int.self) }.reduce(0, +) == 2101, "every row is still there")
      // The day after tomorrow has rows from clocks that run ahead; days behind them get their partitions.
      let made = try await connection.query("SELECT * FROM observability_maintain('agent_actions', 'created_at', 7, NULL, 100)")
      #expect(made.count > 0)
      await connection.close()
    }
  }
}
