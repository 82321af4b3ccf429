import OnexCore
import OnexPostgres
import OnexService
import Testing

@testable import OnexObservability

/// Old rows go, others stay, on a real database.
@Suite(.timeLimit(.minutes(2))) struct RetentionTests {
  private func keeper(_ url: String, _ policy: RetentionPolicy) throws -> RetentionKeeper {
    let context = ServiceContext(
      name: "test", configuration: try Configuration.load([], from: EnvironmentVariables([:])), health: HealthState())
    var keeper = RetentionKeeper(
      database: PostgresConfiguration(.connectionString(url)), tables: ObservabilityTable.all, policy: policy, context: context)
    keeper.pace = RetentionKeeper.Pace(
      interval: .milliseconds(50), candidacy: .milliseconds(20), retry: .milliseconds(20), breath: .milliseconds(1),
      deletedMax: 10)
    return keeper
  }

  private func thirtyDays(_ others: [String: Int] = [:]) -> RetentionPolicy {
    .days(Dictionary(uniqueKeysWithValues: ObservabilityTable.all.map { ($0.name, others[$0.name] ?? 30) }))
  }

  private func metric(_ keeper: RetentionKeeper, _ prefix: String) -> Int {
    keeper.context.metrics.prometheusText().split(separator: "\n").filter { $0.hasPrefix("onex_observability_\(prefix)") }
      .compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }.reduce(0, +)
  }

  private func number(_ connection: PostgresConnection, _ sql: String) async throws -> Int {
    try await connection.query(sql)[0].value("n", as: Int.self)
  }

  /// An old day with a partition of its own, old rows without one, and rows of today: those came before their partition, which is
  /// therefore not made.
  private func fill(_ connection: PostgresConnection) async throws {
    try await connection.script(
      """
      CREATE TABLE agent_actions_20260101 PARTITION OF agent_actions FOR VALUES FROM ('2026-01-01+00') TO ('2026-01-02+00');
      INSERT INTO agent_actions (id, correlation_id, agent_name, action_type, action_name, created_at)
      SELECT gen_random_uuid(), gen_random_uuid(), 'a', 'b', 'c', t FROM generate_series(1, 25),
        unnest(ARRAY['2026-01-01 12:00+00'::timestamptz, '2026-01-03+00', now(), now() - interval '29 days']) AS t;
      INSERT INTO agent_execution_logs (execution_id, correlation_id, agent_name, status, created_at, updated_at)
      SELECT gen_random_uuid(), gen_random_uuid(), 'a', 'failed', t, t FROM generate_series(1, 25),
        unnest(ARRAY['2026-01-01+00'::timestamptz, now()]) AS t;
      """)
  }

  @Test func oldPartitionsAndRowsGoAndTheRestStays() async throws {
    try await ScratchDatabase.withSchema { url, connection in
      try await fill(connection)
      let keeper = try keeper(url, thirtyDays())
      async let running: Void = keeper.run()
      try await AgentActionsStage.until {
        metric(keeper, "partitions_dropped_total") == 1 && metric(keeper, "expired_rows_total") == 50
          && metric(keeper, "partitions_made_total") == 14
      }
      keeper.context.shutdown.request()
      await running
      #expect(try await number(connection, "SELECT count(*)::int AS n FROM agent_actions") == 50)
      #expect(try await number(connection, "SELECT count(*)::int AS n FROM agent_execution_logs") == 25)
      let gone = try await connection.query("SELECT to_regclass('agent_actions_20260101') IS NULL AS gone")
      #expect(try gone[0].value("gone", as: Bool.self))
    }
  }

  @Test func aTableMayBeKeptForLongerAndSwitchedOffNothingGoes() async throws {
    try await ScratchDatabase.withSchema { url, connection in
      try await fill(connection)
      let off = try keeper(url, .forever)
      async let first: Void = off.run()
      try await AgentActionsStage.until { metric(off, "partitions_made_total") == 14 }
      off.context.shutdown.request()
      await first
      #expect(try await number(connection, "SELECT count(*)::int AS n FROM agent_actions") == 100)

      let longer = try keeper(url, thirtyDays(["agent_actions": 3650]))
      async let second: Void = longer.run()
      try await AgentActionsStage.until { metric(longer, "expired_rows_total") == 25 }
      longer.context.shutdown.request()
      await second
      #expect(try await number(connection, "SELECT count(*)::int AS n FROM agent_actions") == 100)
      #expect(try await number(connection, "SELECT count(*)::int AS n FROM agent_execution_logs") == 25)
    }
  }

  @Test func oneLeadsAndAnotherTakesOver() async throws {
    try await ScratchDatabase.withSchema { url, connection in
      let keepers = [try keeper(url, thirtyDays()), try keeper(url, thirtyDays())]
      try await withThrowingTaskGroup(of: Void.self) { group in
        for keeper in keepers { group.addTask { await keeper.run() } }
        try await AgentActionsStage.until { keepers.map { metric($0, "retention_leader") }.reduce(0, +) == 1 }
        let leader = try #require(keepers.first { metric($0, "retention_leader") == 1 })
        let other = try #require(keepers.first { metric($0, "retention_leader") == 0 })
        // As a crash would: the session ends, and the lock with it. Whoever asks first leads then.
        try await connection.query(
          "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        try await AgentActionsStage.until { metric(leader, "retention_failures_total") == 1 }
        leader.context.shutdown.request()
        try await AgentActionsStage.until { metric(other, "retention_leader") == 1 }
        other.context.shutdown.request()
        try await group.waitForAll()
      }
    }
  }
}
