import OnexCore
import OnexMigrations
import OnexPostgres
import OnexTestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct PostgresStoreTests {
  private func store() throws -> PostgresStore { PostgresStore(try TestDatabase.configuration(), owner: "tests") }

  @Test(arguments: StoreConformance.Check.allCases)
  func keepsThePromise(_ check: StoreConformance.Check) async throws {
    let store = try store()
    try await StoreConformance(store).run(check)
    await store.close()
  }

  @Test(arguments: StreamStoreConformance.Check.allCases)
  func keepsStreams(_ check: StreamStoreConformance.Check) async throws {
    let store = try store()
    let journal = PostgresJournal(try TestDatabase.configuration())
    try await StreamStoreConformance(store, journal).run(check)
    await store.close()
    await journal.close()
  }

  @Test func aDatabaseWithoutTheSchemaSaysWhatToRun() async throws {
    try await ScratchDatabase.with { url in
      let store = PostgresStore(PostgresConfiguration(.connectionString(url)), owner: "tests")
      let error = await #expect(throws: StoreError.self) {
        try await store.claim([TopicPartition("t", 0)], consumer: "c")
      }
      #expect(error?.code == .refused && error?.message.contains("onexctl migrate up") == true, "\(String(describing: error))")
      await store.close()
    }
  }

  @Test func anAbsentDatabaseIsAnOutage() async throws {
    let nowhere = PostgresConfiguration(.connectionString("postgresql://x:y@127.0.0.1:1/z"))
    let error = await #expect(throws: StoreError.self) { try await PostgresStore(nowhere, owner: "t").claim([], consumer: "c") }
    #expect(error?.code == .unavailable)
  }

  /// Weeks come, a repeat is recognised over the change, and old weeks are dropped as a whole.
  @Test func repeatsAreRecognisedOverWeeksUntilTheRetentionEnds() async throws {
    try await ScratchDatabase.withSchema { url, connection in
      let store = PostgresStore(PostgresConfiguration(.connectionString(url)), owner: "tests")
      let made = try await store.maintain(daysAhead: 7, retentionDays: 10)
      #expect(made.count == 2 && made.allSatisfy { $0.hasPrefix("made inbox_week_") })
      #expect(try await store.maintain(daysAhead: 7, retentionDays: 10).isEmpty, "twice does nothing more")

      let lane = TopicPartition("requests", 0)
      let lanes = try await store.claim([lane], consumer: "c")
      let identity = MessageIdentity.key("order-7")
      func commit() async throws -> CommitOutcome {
        let entry = CommitEntry(
          identity: identity, source: lane, offset: 1, outputs: [OutboundRecord(topic: "t", key: nil, value: "first")])
        return try await store.commit(
          CommitBatch(id: RandomIDSource().next(), consumer: "c", lanes: lanes, entries: [entry]))
      }
      _ = try await commit()
      // As if it had been recorded in earlier weeks: one with days within the retention, then one beyond.
      for (weeks, isRepeat) in [(1, true), (3, false)] {
        try await connection.script(
          """
          CREATE TABLE runtime.inbox_week_20000103 PARTITION OF runtime.inbox FOR VALUES FROM ('2000-01-03') TO ('2000-01-10');
          UPDATE runtime.inbox SET received_on = date_trunc('week', now() AT TIME ZONE 'UTC')::date - 7 * \(weeks)
          WHERE identity = '\(identity.uuid)';
          """)
        let dropped = try await store.maintain(daysAhead: 7, retentionDays: 10)
        #expect(dropped == ["dropped inbox_week_20000103"])
        guard case .committed(let repeats, _) = try await commit() else { throw MissingServer(variable: "lane") }
        #expect((repeats[0] != nil) == isRepeat, "after \(weeks) weeks")
      }
      await store.close()
    }
  }
  /// Migration 6 and its rollback: what was recorded stays recorded, whatever kind of partition it lies in.
  @Test func daysBecomeWeeksAndBack() async throws {
    try await ScratchDatabase.with { url in
      let connection = try await PostgresConnection.connect(PostgresConfiguration(.connectionString(url)))
      let migrator = Migrator(connection, try MigrationFolder.load(ScratchDatabase.migrations))
      _ = try await migrator.up(to: 5)
      let store = PostgresStore(PostgresConfiguration(.connectionString(url)), owner: "tests")
      let lane = TopicPartition("requests", 0)
      _ = try await store.claim([lane], consumer: "c")
      // By the function that services called then, and that is there still.
      func commit(_ keys: [String]) async throws -> Set<Int> {
        let identities = keys.map { "'\(MessageIdentity.key($0).uuid)'::uuid" }.joined(separator: ", ")
        let repeats = try await connection.query(
          """
          SELECT place FROM runtime.commit_batch(
            gen_random_uuid(), 'c', ARRAY['requests'], ARRAY[0], ARRAY[1::bigint], array_fill(1, ARRAY[\(keys.count)]),
            array_fill(1::bigint, ARRAY[\(keys.count)]), ARRAY[\(identities)], array_fill(NULL::uuid, ARRAY[\(keys.count)]),
            array_fill(''::bytea, ARRAY[\(keys.count)]))
          """)
        return Set(try repeats.rows.map { try $0.value("place", as: Int.self) - 1 })
      }
      _ = try await store.maintain(daysAhead: 9, retentionDays: 7)
      #expect(try await commit(["a"]) == [])
      _ = try await migrator.up(to: 6)
      #expect(try await commit(["a", "b"]) == [0])
      let made = try await store.maintain(daysAhead: 9, retentionDays: 7)
      #expect(!made.isEmpty && made.allSatisfy { $0.hasPrefix("made inbox_week_") }, "days made ahead do not stand in the way")
      // As if the first Monday had come: b and what follows lie in a week.
      try await connection.script(
        """
        UPDATE runtime.inbox_day SET day = date_trunc('week', now() AT TIME ZONE 'UTC')::date + 7;
        UPDATE runtime.inbox SET received_on = date_trunc('week', now() AT TIME ZONE 'UTC')::date + 7 WHERE identity = '\(MessageIdentity.key("b").uuid)';
        """)
      #expect(try await commit(["a", "b", "c"]) == [0, 1])
      _ = try await migrator.down(steps: 1)
      #expect(try await commit(["a", "b", "c", "d"]) == [0, 1, 2])
      let rows = try await connection.query("SELECT count(*) AS rows FROM runtime.inbox")
      #expect(try rows[0].value("rows", as: Int64.self) == 4)
      await store.close()
      await connection.close()
    }
  }
}
