import OnexCore
import OnexPostgres
import ProcessTestSupport
import Testing

/// What a commit meets that others have under way.
@Suite(.timeLimit(.minutes(2))) struct CommitRaceTests {
  private static let lanes = [TopicPartition("requests", 0), TopicPartition("requests", 1)]

  private func batch(_ identity: MessageIdentity, _ lanes: [TopicPartition: LaneEpoch]) -> CommitBatch {
    let entries = lanes.keys.sorted().enumerated().map { index, lane in
      CommitEntry(
        identity: index == 0 ? identity : .key("\(lane)"), source: lane, offset: 1,
        outputs: [OutboundRecord(topic: "t", key: nil, value: "later")])
    }
    return CommitBatch(id: RandomIDSource().next(), consumer: "c", lanes: lanes, entries: entries)
  }

  private func untilWaiting(
    _ count: Int, _ connection: PostgresConnection, _ text: String = "runtime.commit("
  ) async throws {
    _ = try await TestEnvironment.eventually("\(count) statements with \(text) wait for a lock") {
      let waiting = try await connection.query(
        """
        SELECT count(*) AS waiting FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%\(text)%' AND pid <> pg_backend_pid()
        """)
      return try waiting[0].value("waiting", as: Int.self) == count ? true : nil
    }
  }

  @Test(arguments: [1, 2]) func aCommitThatWaitedForAClaimIsFenced(_ count: Int) async throws {
    try await ScratchDatabase.withSchema { url, connection in
      let store = PostgresStore(PostgresConfiguration(.connectionString(url)), owner: "tests")
      let batch = batch(.key("order-7"), try await store.claim(Array(Self.lanes.prefix(count)), consumer: "c"))
      let other = try await PostgresConnection.connect(PostgresConfiguration(.connectionString(url)))
      try await other.script("BEGIN; SELECT * FROM runtime.claim_lanes('c', 'other', ARRAY['requests'], ARRAY[0])")
      async let outcome = store.commit(batch)
      try await untilWaiting(1, connection)
      try await other.script("COMMIT")
      guard case .fenced(let fenced) = try await outcome else {
        Issue.record("committed under an epoch that was over")
        return
      }
      #expect(fenced == [Self.lanes[0]])
      let rows = try await connection.query("SELECT count(*) AS rows FROM runtime.inbox")
      #expect(try rows[0].value("rows", as: Int.self) == 0)
      await other.close()
      await store.close()
    }
  }

  /// Over the night to Monday the same request may come to two members at once.
  @Test func theWeekDoesNotChangeWhileACommitWritesIntoIt() async throws {
    try await ScratchDatabase.withSchema { url, connection in
      let store = PostgresStore(PostgresConfiguration(.connectionString(url)), owner: "tests")
      let lanes = try await store.claim([Self.lanes[0]], consumer: "c")
      let (identity, lastWeek) = (MessageIdentity.key("order-7"), "date_trunc('week', now() AT TIME ZONE 'UTC')::date - 7")
      // As if it had begun before midnight: it holds the week, and its row is not to be seen yet.
      let other = try await PostgresConnection.connect(PostgresConfiguration(.connectionString(url)))
      try await other.script("UPDATE runtime.inbox_day SET day = \(lastWeek)")
      try await other.script(
        """
        BEGIN;
        SELECT day FROM runtime.inbox_day FOR SHARE;
        INSERT INTO runtime.inbox (consumer, identity, received_on, topic, partition, record_offset, batch, ordinal, outputs)
        VALUES ('c', '\(identity.uuid)', \(lastWeek), 'requests', 0, 1, gen_random_uuid(), 1, '');
        """)
      async let outcome = store.commit(batch(identity, lanes))
      try await untilWaiting(1, connection)
      try await other.script("COMMIT")
      guard case .committed(let repeats, _) = try await outcome else { throw MissingServer(variable: "lane") }
      #expect(repeats[0] != nil, "it was recorded in the week before")
      await other.close()
      await store.close()
    }
  }

  @Test func aCommitUnderWayKeepsItsWeek() async throws {
    try await ScratchDatabase.withSchema { url, connection in
      let store = PostgresStore(PostgresConfiguration(.connectionString(url)), owner: "tests")
      let lanes = try await store.claim([Self.lanes[0]], consumer: "c")
      let identity = MessageIdentity.key("order-7")
      let other = try await PostgresConnection.connect(PostgresConfiguration(.connectionString(url)))
      try await other.script("BEGIN; \(Self.call("commit", identity))")
      // As the first commit of the next week does.
      let next = try await PostgresConnection.connect(PostgresConfiguration(.connectionString(url)))
      async let change: Void = next.script("UPDATE runtime.inbox_day SET day = day + 7")
      try await untilWaiting(1, connection, "UPDATE runtime.inbox_day")
      try await other.script("COMMIT")
      try await change
      guard case .committed(let repeats, _) = try await store.commit(batch(identity, lanes)) else {
        throw MissingServer(variable: "lane")
      }
      #expect(repeats[0] != nil, "it was recorded in the week before")
      await other.close()
      await next.close()
      await store.close()
    }
  }

  /// Each finds that the week is over, and that another commit still shares it.
  @Test func twoCommitsMayBeginAWeekAtOnce() async throws {
    try await ScratchDatabase.withSchema { url, connection in
      let store = PostgresStore(PostgresConfiguration(.connectionString(url)), owner: "tests")
      let epochs = try await store.claim(Self.lanes, consumer: "c")
      let other = try await PostgresConnection.connect(PostgresConfiguration(.connectionString(url)))
      try await other.script("UPDATE runtime.inbox_day SET day = day - 7")
      try await other.script("BEGIN; SELECT day FROM runtime.inbox_day FOR SHARE")
      try await withThrowingTaskGroup(of: CommitOutcome.self) { group in
        for lane in Self.lanes {
          let batch = batch(.key("\(lane)"), epochs.filter { $0.key == lane })
          group.addTask { try await store.commit(batch) }
        }
        try await untilWaiting(2, connection)
        try await other.script("COMMIT")
        for try await outcome in group {
          guard case .committed(let repeats, _) = outcome else { throw MissingServer(variable: "lane") }
          #expect(repeats.isEmpty)
        }
      }
      let weeks = try await connection.query(
        "SELECT bool_and(received_on = day) AS new, count(*) AS rows FROM runtime.inbox, runtime.inbox_day")
      #expect(try weeks[0].value("new", as: Bool.self) && weeks[0].value("rows", as: Int.self) == 2)
      await other.close()
      await store.close()
    }
  }

  /// Services of the version before go on with their own function while the new ones come.
  @Test(arguments: ["commit_batch", "commit_work"]) func oldServicesAndNewOnesKnowOfEachOther(_ function: String) async throws {
    try await ScratchDatabase.withSchema { url, connection in
      let store = PostgresStore(PostgresConfiguration(.connectionString(url)), owner: "tests")
      let lanes = try await store.claim([Self.lanes[0]], consumer: "c")
      /// Whether it was recorded before.
      func commitAsBefore(_ identity: MessageIdentity) async throws -> Bool {
        let more = function == "commit_batch" ? "" : Self.nothingElse
        let rows = try await connection.query(Self.call(function, identity, more))
        return try rows.rows.contains { try $0.value("kind", as: String.self) == "repeat" }
      }
      func commitAsNow(_ identity: MessageIdentity) async throws -> Bool {
        guard case .committed(let repeats, _) = try await store.commit(batch(identity, lanes)) else {
          throw MissingServer(variable: "lane")
        }
        return repeats[0] != nil
      }
      #expect(try await !commitAsBefore(.key("a")))
      #expect(try await commitAsNow(.key("a")))
      #expect(try await !commitAsNow(.key("b")))
      #expect(try await commitAsBefore(.key("b")))
      await store.close()
    }
  }

  /// A commit of one entry without outputs, under a first claim.
  private static func call(_ function: String, _ identity: MessageIdentity, _ more: String = "") -> String {
    """
    SELECT kind FROM runtime.\(function)(
      gen_random_uuid(), 'c', ARRAY['requests'], ARRAY[0], ARRAY[1::bigint], ARRAY[1], ARRAY[1::bigint],
      ARRAY['\(identity.uuid)'::uuid], ARRAY[NULL::uuid], ARRAY[''::bytea]\(more))
    """
  }

  /// The parameters behind the outputs of `commit_work`: no streams, events, timers or rows.
  private static let nothingElse =
    ", ARRAY[false], ARRAY[NULL::uuid], ARRAY[false]" + String(repeating: ", '{}'", count: 7) + ", now()"
    + String(repeating: ", '{}'", count: 19)
}
