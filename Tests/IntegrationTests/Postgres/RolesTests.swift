import Glibc
import OnexCore
import OnexMigrations
import OnexPostgres
import OnexTestSupport
import Testing

/// migrations/roles.sql: what each role can do, and what it cannot.
@Suite(.serialized, .timeLimit(.minutes(2))) struct DatabaseRolesTests {
  private static let roles = DatabaseRolesTests.text(of: ScratchDatabase.migrations + "/roles.sql")

  private static func text(of path: String) -> String {
    guard let file = fopen(path, "r") else { return "" }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    return String(decoding: bytes[..<fread(&bytes, 1, bytes.count, file)], as: UTF8.self)
  }

  private func connect(_ url: String, as role: String) async throws -> PostgresConnection {
    let connection = try await PostgresConnection.connect(PostgresConfiguration(.connectionString(url)))
    try await connection.script("SET SESSION AUTHORIZATION \(role)")
    return connection
  }

  /// The address of the database with a role that logs in.
  private func url(_ url: String, as role: String) throws -> String {
    let at = try #require(url.firstIndex(of: "@"))
    return "postgresql://\(role):roles-test\(url[at...])"
  }

  /// A database as a new installation makes it: the roles, then every migration as its role, then the roles again.
  private func withRoles(_ body: (String) async throws -> Void) async throws {
    try await ScratchDatabase.with { url in
      let superuser = try await PostgresConnection.connect(PostgresConfiguration(.connectionString(url)))
      try await superuser.script(DatabaseRolesTests.roles)
      let owner = try await connect(url, as: "onex_migrate")
      _ = try await Migrator(owner, try MigrationFolder.load(ScratchDatabase.migrations)).up()
      await owner.close()
      try await superuser.script(DatabaseRolesTests.roles)
      for role in ["onex_migrate", "onex_run", "onex_read"] {
        try await superuser.script("ALTER ROLE \(role) PASSWORD 'roles-test'")
      }
      try await body(url)
      await superuser.close()
    }
  }

  private func refusal(_ sql: String, _ connection: PostgresConnection) async -> String? {
    do {
      try await connection.script(sql)
      return nil
    } catch {
      return error.sqlState
    }
  }

  /// The store's own conformance suite, as the role that services have.
  @Test(arguments: StoreConformance.Check.allCases)
  func theRunRoleDoesWhatTheStoreNeeds(_ check: StoreConformance.Check) async throws {
    try await withRoles { url in
      let store = PostgresStore(PostgresConfiguration(.connectionString(try self.url(url, as: "onex_run"))), owner: "tests")
      try await StoreConformance(store).run(check)
      await store.close()
    }
  }

  @Test func theRunRoleKeepsStreamsAndPartitions() async throws {
    try await withRoles { url in
      let configuration = PostgresConfiguration(.connectionString(try self.url(url, as: "onex_run")))
      let store = PostgresStore(configuration, owner: "tests")
      let journal = PostgresJournal(configuration)
      for check in StreamStoreConformance.Check.allCases { try await StreamStoreConformance(store, journal).run(check) }
      let made = try await store.maintain(daysAhead: 7, retentionDays: 10)
      #expect(made.contains { $0.hasPrefix("made inbox_week_") })
      _ = try await store.maintainJournal(retentionDays: 10, countMax: 10)
      await store.close()
      await journal.close()
    }
  }

  @Test func theRunRoleKeepsTheAgentsTables() async throws {
    try await withRoles { url in
      let run = try await connect(url, as: "onex_run")
      for (table, column) in [
        ("agent_actions", "created_at"), ("agent_routing_decisions", "created_at"), ("agent_transformation_events", "created_at"),
        ("router_performance_metrics", "created_at"), ("agent_detection_failures", "created_at"),
        ("agent_execution_logs", "updated_at"), ("agent_status_events", "created_at"),
      ] {
        _ = try await run.query("SELECT * FROM observability_maintain('\(table)', '\(column)', 2, 30, 100)")
        _ = try await run.query("DELETE FROM \(table) WHERE false")
        _ = try await run.query("SELECT count(*) FROM \(table)")
      }
      // The owner's rights are for these tables alone.
      for table in ["onex_migrations", "runtime.inbox", "pg_authid"] {
        #expect(await refusal("SELECT * FROM observability_maintain('\(table)', 'applied_at', 0, 0, 1000)", run) == "42501")
      }
      #expect(
        await refusal("SELECT * FROM observability_maintain_table('onex_migrations', 'applied_at', 0, 0, 1000)", run) == "42501")
      await run.close()
    }
  }

  private static let definitions = [
    "CREATE TABLE public.x (a integer)", "CREATE TABLE runtime.x (a integer)", "CREATE SCHEMA x", "DROP TABLE agent_actions",
    "DROP TABLE runtime.inbox", "TRUNCATE runtime.inbox", "ALTER TABLE agent_actions ADD COLUMN x integer",
    "CREATE FUNCTION runtime.x() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "DROP FUNCTION runtime.maintain_inbox(integer, integer)",
    "CREATE INDEX ON runtime.lanes (owner)", "DROP SCHEMA runtime CASCADE", "CREATE ROLE x", "ALTER ROLE onex_migrate SUPERUSER",
    "SET SESSION AUTHORIZATION onex_migrate; CREATE ROLE x", "SET ROLE onex_migrate", "DELETE FROM onex_migrations",
    "INSERT INTO onex_migrations (number, name) VALUES (99, 'x')", "COPY agent_actions TO PROGRAM 'true'",
    "ALTER FUNCTION runtime.maintain_inbox(integer, integer) OWNER TO onex_run",
  ]

  @Test func theRunRoleDefinesNothing() async throws {
    try await withRoles { url in
      let run = try await PostgresConnection.connect(PostgresConfiguration(.connectionString(try self.url(url, as: "onex_run"))))
      for definition in DatabaseRolesTests.definitions {
        #expect(await refusal(definition, run) == "42501", "\(definition)")
      }
      await run.close()
    }
  }

  /// A caller's own function or table cannot stand in the place of one that a function of the owner's means.
  @Test func whatRunsAsTheOwnerLooksIntoNoSchemaOfTheCaller() async throws {
    try await withRoles { url in
      let owner = try await connect(url, as: "onex_migrate")
      let open = try await owner.query(
        """
        SELECT p.oid::regprocedure::text AS name FROM pg_proc AS p
        WHERE p.prosecdef AND p.proowner = 'onex_migrate'::regrole
          AND NOT EXISTS (SELECT FROM unnest(p.proconfig) AS c WHERE c LIKE 'search_path=%pg_temp')
        """)
      #expect(open.count == 0)
      let callable = try await owner.query(
        """
        SELECT p.oid::regprocedure::text AS name FROM pg_proc AS p
        WHERE p.prosecdef AND p.proowner = 'onex_migrate'::regrole AND p.proname IN ('maintain_inbox', 'observability_maintain')
          AND has_function_privilege('onex_read', p.oid, 'EXECUTE')
        """)
      #expect(callable.count == 0)
      await owner.close()
    }
  }

  @Test func theReadRoleReadsAndNothingElse() async throws {
    try await withRoles { url in
      let read = try await PostgresConnection.connect(
        PostgresConfiguration(.connectionString(try self.url(url, as: "onex_read"))))
      for table in [
        "agent_activity", "agent_actions", "onex_migrations", "runtime.inbox", "runtime.projections", "runtime.journal",
      ] {
        _ = try await read.query("SELECT count(*) FROM \(table)")
      }
      for statement in DatabaseRolesTests.definitions + [
        "DELETE FROM agent_actions", "UPDATE runtime.lanes SET epoch = 0", "DELETE FROM runtime.inbox_day",
        "SELECT * FROM runtime.maintain_inbox(1, 0)",
        "SELECT * FROM observability_maintain('agent_actions', 'created_at', 0, 0, 9)",
      ] {
        #expect(await refusal(statement, read) == "42501", "\(statement)")
      }
      await read.close()
    }
  }

  /// A database that a superuser has migrated becomes the migration role's.
  @Test func anExistingDatabaseChangesItsOwner() async throws {
    try await ScratchDatabase.withSchema { url, superuser in
      try await superuser.script("CREATE TABLE public.somebody_elses (a integer)")
      for _ in 0..<2 { try await superuser.script(DatabaseRolesTests.roles) }
      let others = try await superuser.query(
        """
        SELECT c.relname AS name FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('public', 'runtime') AND c.relkind IN ('r', 'p', 'v') AND c.relowner <> 'onex_migrate'::regrole
        """)
      let names = try others.rows.map { try $0.value("name", as: String.self) }
      #expect(names == ["somebody_elses"])
      let owner = try await connect(url, as: "onex_migrate")
      _ = try await Migrator(owner, try MigrationFolder.load(ScratchDatabase.migrations)).down(steps: 1)
      _ = try await Migrator(owner, try MigrationFolder.load(ScratchDatabase.migrations)).up()
      await owner.close()
      let run = try await connect(url, as: "onex_run")
      _ = try await run.query("SELECT * FROM runtime.maintain_inbox(7, 30)")
      #expect(await refusal("SELECT * FROM public.somebody_elses", run) == "42501")
      await run.close()
    }
  }
}
