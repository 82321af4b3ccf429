import OnexCore
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
      #expect(error?.code == .failed && error?.message.contains("onexctl migrate up") == true, "\(String(describing: error))")
      await store.close()
    }
  }

  @Test func anAbsentDatabaseIsAnOutage() async throws {
    let nowhere = PostgresConfiguration(.connectionString("postgresql://x:y@127.0.0.1:1/z"))
    let error = await #expect(throws: StoreError.self) { try await PostgresStore(nowhere, owner: "t").claim([], consumer: "c") }
    #expect(error?.code == .unavailable)
  }

  /// Days come, a repeat is recognised over midnight, and old days are dropped as a whole.
  @Test func repeatsAreRecognisedOverDaysUntilTheRetentionEnds() async throws {
    try await ScratchDatabase.withSchema { url, connection in
      let store = PostgresStore(PostgresConfiguration(.connectionString(url)), owner: "tests")
      let made = try await store.maintain(daysAhead: 2, retentionDays: 3)
      #expect(made.count == 3 && made.allSatisfy { $0.hasPrefix("made inbox_") })
      #expect(try await store.maintain(daysAhead: 2, retentionDays: 3).isEmpty, "twice does nothing more")

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
      // As if it had been recorded on earlier days: one within the retention, then one beyond.
      for (days, isRepeat) in [(2, true), (5, false)] {
        try await connection.script(
          """
          CREATE TABLE IF NOT EXISTS runtime.inbox_20000101 PARTITION OF runtime.inbox FOR VALUES FROM ('2000-01-01') TO ('2000-01-02');
          UPDATE runtime.inbox SET received_on = (now() AT TIME ZONE 'UTC')::date - \(days) WHERE identity = '\(identity.uuid)';
          """)
        let dropped = try await store.maintain(daysAhead: 2, retentionDays: 3)
        #expect(dropped == ["dropped inbox_20000101"])
        guard case .committed(let repeats, _) = try await commit() else { throw MissingServer(variable: "lane") }
        #expect((repeats[0] != nil) == isRepeat, "after \(days) days")
      }
      await store.close()
    }
  }
}
