import OnexCore
import OnexMigrations
import OnexPostgres
import Testing

/// Heartbeats, the database's clock and maintenance (migrations/forward/009_lifecycle.sql).
@Suite(.timeLimit(.minutes(2))) struct PostgresLifecycleTests {
  private func with(_ body: (PostgresStore, PostgresConnection) async throws -> Void) async throws {
    try await ScratchDatabase.withSchema { url, connection in
      let store = PostgresStore(PostgresConfiguration(.connectionString(url)), owner: "tests")
      try await body(store, connection)
      await store.close()
    }
  }

  private func number(_ sql: String, _ connection: PostgresConnection) async throws -> Int64 {
    try await connection.query("SELECT (\(sql))::bigint AS n")[0].value("n")
  }

  /// An old week with a row, as retention finds it.
  private static let oldWeek = """
    CREATE TABLE runtime.inbox_week_20000103 PARTITION OF runtime.inbox FOR VALUES FROM ('2000-01-03') TO ('2000-01-10');
    """

  @Test func aHeartbeatTellsTheClockAndThatItIsSteady() async throws {
    try await with { store, _ in
      let first = try await store.beat(after: nil)
      #expect(first.isClockSteady && first.restoring == nil)
      let second = try await store.beat(after: (first.moment, .milliseconds(1)))
      #expect(second.isClockSteady && second.moment > first.moment)
    }
  }

  /// In either direction, seen by a process that was there, or by the first one after a silence.
  @Test(arguments: [(366 * 24 * 3600, true), (-366 * 24 * 3600, true), (7200, true), (3 * 24 * 3600, false), (-7200, false)])
  func aJumpOfTheClockStopsDeletingForSixHours(_ seconds: Int, _ wasThere: Bool) async throws {
    try await with { store, connection in
      try await connection.script(PostgresLifecycleTests.oldWeek)
      let now = try await store.beat(after: nil).moment
      // The clock cannot be moved here: what was seen before is moved the other way.
      let before = now + .seconds(-seconds)
      try await connection.query("UPDATE runtime.database_state SET beat_at = $1", [.timestamp(before)])
      #expect(try await store.beat(after: wasThere ? (before, .seconds(5)) : nil).isClockSteady == false)
      #expect(try await store.maintain(daysAhead: 2, retentionDays: 7).contains { $0.hasPrefix("refused ") })
      #expect(try await number("SELECT count(*) FROM pg_class WHERE relname = 'inbox_week_20000103'", connection) == 1)
      try await connection.query(
        "INSERT INTO runtime.effect_starts VALUES ('c', gen_random_uuid(), gen_random_uuid(), now() - interval '1 year')")
      _ = try await store.maintainJournal(retentionDays: 1, countMax: 10)
      #expect(try await number("SELECT count(*) FROM runtime.effect_starts", connection) == 1, "nor are start markers deleted")

      try await connection.query("UPDATE runtime.database_state SET steady_since = clock_timestamp() - interval '6 hours'")
      #expect(try await store.maintain(daysAhead: 2, retentionDays: 7).contains("dropped inbox_week_20000103"))
      _ = try await store.maintainJournal(retentionDays: 1, countMax: 10)
      #expect(try await number("SELECT count(*) FROM runtime.effect_starts", connection) == 0)
    }
  }

  @Test func aStopOfHoursOrAWeekendIsNoJump() async throws {
    try await with { store, connection in
      let now = try await store.beat(after: nil).moment
      #expect(try await store.beat(after: (now + .seconds(-50_000), .seconds(50_000))).isClockSteady, "a stopped process")
      try await connection.query("UPDATE runtime.database_state SET beat_at = clock_timestamp() - interval '47 hours'")
      #expect(try await store.beat(after: nil).isClockSteady, "a weekend")
      for elapsed in [Duration.zero, .seconds(Int64.max / 2_000_000)] {
        _ = try? await store.beat(after: (Timestamp(microseconds: .max), elapsed))
        _ = try? await store.beat(after: (Timestamp(microseconds: .min), elapsed))
      }
      #expect(try await number("SELECT count(*) FROM runtime.database_state WHERE isfinite(beat_at)", connection) == 1)
    }
  }

  @Test func aClockFarAheadDoesNotMoveTheInboxIntoAnotherYear() async throws {
    try await with { store, connection in
      try await connection.query("UPDATE runtime.database_state SET steady_since = clock_timestamp()")
      try await connection.query("UPDATE runtime.inbox_day SET day = day + 364")
      #expect(
        try await number("SELECT count(*) FROM runtime.inbox_day WHERE day > now() + interval '1 day'", connection) == 0,
        "the week stays")
      try await connection.query("UPDATE runtime.inbox_day SET day = day + 7")
      #expect(
        try await number("SELECT count(*) FROM runtime.inbox_day WHERE day > now() + interval '14 days'", connection) == 0)
    }
  }

  /// What an earlier version, or a clock that was wrong for long, has dated into another year.
  @Test func rowsOfAnotherYearComeBackAndAreStillRepeats() async throws {
    try await with { store, connection in
      let lane = TopicPartition("requests", 0)
      let lanes = try await store.claim([lane], consumer: "c")
      func commit(_ keys: [String]) async throws -> Set<Int> {
        let entries = keys.map {
          CommitEntry(
            identity: .key($0), source: lane, offset: 1, outputs: [OutboundRecord(topic: "t", key: nil, value: "first")])
        }
        let batch = CommitBatch(id: RandomIDSource().next(), consumer: "c", lanes: lanes, entries: entries)
        guard case .committed(let repeats, _) = try await store.commit(batch) else { throw MissingServer(variable: "lane") }
        return Set(repeats.keys)
      }
      try await connection.query("UPDATE runtime.inbox_day SET day = day + 364")
      #expect(try await commit(["a", "b"]) == [])
      #expect(try await number("SELECT count(*) FROM runtime.inbox WHERE received_on > now()", connection) == 2)
      let done = try await store.maintain(daysAhead: 2, retentionDays: 7)
      #expect(done.contains { $0.hasPrefix("moved 2 rows") }, "\(done)")
      #expect(try await number("SELECT count(*) FROM runtime.inbox WHERE received_on > now()", connection) == 0)
      #expect(try await commit(["a", "b", "c"]) == [0, 1])
      #expect(try await number("SELECT count(*) FROM runtime.inbox_day WHERE day > now()", connection) == 0)
    }
  }

  /// A week is as old as the last commit into it, whatever its date says.
  @Test func aWeekThatWasLeftLateIsKept() async throws {
    try await with { store, connection in
      try await connection.script(PostgresLifecycleTests.oldWeek)
      try await connection.query("INSERT INTO runtime.inbox_weeks VALUES ('2000-01-03', now() - interval '6 days')")
      #expect(try await store.maintain(daysAhead: 2, retentionDays: 7).contains { $0.hasPrefix("dropped") } == false)
      try await connection.query("UPDATE runtime.inbox_weeks SET left_at = now() - interval '9 days'")
      #expect(try await store.maintain(daysAhead: 2, retentionDays: 7).contains("dropped inbox_week_20000103"))
    }
  }

  /// The owner died while the database's clock was ahead, which has been set right since.
  @Test func aLeaseFromTheFutureIsTakenByElapsedTime() async throws {
    try await with { store, connection in
      let lane = TopicPartition("timers", 0)
      _ = try await store.lease(lane, consumer: "c", owner: "dead", expired: nil)
      try await connection.query("UPDATE runtime.lanes SET claimed_at = 'infinity', renewals = 9223372036854775807")
      guard case .taken(let state) = try await store.lease(lane, consumer: "c", owner: "b", expired: nil) else {
        Issue.record("the lane is another owner's")
        return
      }
      #expect(state.renewals == .max)
      #expect(try await store.lease(lane, consumer: "c", owner: "b", expired: state) == .held(state.epoch + 1))
      #expect(try await number("SELECT renewals FROM runtime.lanes", connection) == 0, "the count begins anew")
    }
  }

  @Test func aDatabaseThatIsReadOnlyTakesNoHeartbeat() async throws {
    try await ScratchDatabase.withSchema { url, connection in
      let name: String = try await connection.query("SELECT current_database()::text AS name")[0].value("name")
      try await connection.query("ALTER DATABASE \"\(name)\" SET default_transaction_read_only = on")
      let store = PostgresStore(PostgresConfiguration(.connectionString(url)), owner: "tests")
      let error = await #expect(throws: StoreError.self) { try await store.beat(after: nil) }
      #expect(error?.message.contains("25006") == true, "\(String(describing: error))")
      await store.close()
    }
  }

  @Test func whileRestoringNothingIsClaimedOrCommitted() async throws {
    try await with { store, connection in
      let lane = TopicPartition("requests", 0)
      let lanes = try await store.claim([lane], consumer: "c")
      _ = try await store.lease(lane, consumer: "timers", owner: "a", expired: nil)
      let restore = PostgresRestore(connection)
      let beat = try await store.beat(after: nil)
      #expect(try await restore.begin(dumpedAt: nil) == beat.moment, "the last heartbeat tells the time of the dump")
      #expect(try await restore.begin(dumpedAt: nil) == beat.moment, "twice is once")
      #expect(try await store.beat(after: nil).restoring != nil)
      await #expect(throws: StoreError.self) { try await store.claim([lane], consumer: "c") }
      await #expect(throws: StoreError.self) { try await store.lease(lane, consumer: "timers", owner: "a", expired: nil) }
      let entry = CommitEntry(identity: .key("x"), source: lane, offset: 1, outputs: [])
      let batch = CommitBatch(id: RandomIDSource().next(), consumer: "c", lanes: lanes, entries: [entry])
      guard case .fenced = try await store.commit(batch) else {
        Issue.record("a claim from before the restore commits nothing")
        return
      }
      try await restore.end()
      #expect(try await store.beat(after: nil).restoring == nil)
      _ = try await store.claim([lane], consumer: "c")
    }
  }

  @Test func aDeploymentIsRecordedOnceAndItsClusterWhenItIsKnown() async throws {
    try await with { store, connection in
      #expect(try await RecordedDeployment.read(connection) == nil)
      let unknown = RecordedDeployment(id: "blue", clusterID: nil)
      #expect(try await store.register(unknown) == unknown)
      let known = RecordedDeployment(id: "blue", clusterID: "k")
      #expect(try await store.register(RecordedDeployment(id: "green", clusterID: "l")) == unknown)
      #expect(try await store.register(known) == known)
      #expect(try await store.register(RecordedDeployment(id: "blue", clusterID: "l")) == known)
      try await RecordedDeployment(id: "green", clusterID: "l").adopt(connection)
      #expect(try await RecordedDeployment.read(connection) == RecordedDeployment(id: "green", clusterID: "l"))
    }
  }
}
