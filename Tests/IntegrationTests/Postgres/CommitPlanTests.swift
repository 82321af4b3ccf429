import OnexCore
import OnexPostgres
import ProcessTestSupport
import Testing

/// A session keeps the plans of its first commits. They were made for tables that were empty, or said to be; later ones must not read
/// everything for it.
@Suite(.timeLimit(.minutes(2))) struct CommitPlanTests {
  private static let rows = 20_000

  @Test(arguments: ["", "VACUUM ANALYZE"])
  func commitsReadTheirOwnRowsOnly(_ lookAtEmptyTables: String) async throws {
    try await ScratchDatabase.withSchema { url, connection in
      if !lookAtEmptyTables.isEmpty { try await connection.query(lookAtEmptyTables) }
      let store = PostgresStore(PostgresConfiguration(.connectionString(url)), owner: "tests")
      _ = try await store.maintain(daysAhead: 7, retentionDays: 30)
      let committer = Committer(store, lanes: try await store.claim([Committer.lane], consumer: "c"))
      // PostgreSQL settles on a plan for all after five executions.
      for _ in 0..<8 { try await committer.commitOneOfEachKind() }
      try await fill(connection)
      for _ in 0..<8 { try await committer.commitOneOfEachKind() }
      // With its connections go their statistics to the server, some time after the client has gone: inbox, its week, lanes, streams,
      // timers.
      await store.close()
      let read = try await TestEnvironment.eventually("the statistics have arrived", within: .seconds(20)) {
        let read = try await Self.rowsRead(connection)
        return read.values.filter { $0 > 0 }.count >= 5 ? read : nil
      }
      for (name, rows) in read {
        #expect(rows < Self.rows / 10, "\(name): \(rows) rows were read by 16 commits of each kind")
      }
    }
  }

  /// By table.
  private static func rowsRead(_ connection: PostgresConnection) async throws -> [String: Int64] {
    let read = try await connection.query(
      """
      SELECT relname, (seq_tup_read + coalesce(idx_tup_fetch, 0) + coalesce(entries, 0))::bigint AS rows
      FROM pg_stat_user_tables AS t
      LEFT JOIN (SELECT relid, sum(idx_tup_read) AS entries FROM pg_stat_user_indexes GROUP BY relid) AS i USING (relid)
      WHERE schemaname = 'runtime'
      """)
    var tables: [String: Int64] = [:]
    for row in read.rows { tables[try row.value("relname", as: String.self)] = try row.value("rows", as: Int64.self) }
    return tables
  }

  /// Otherwise each commit of the first days would look for repeats in what it took for earlier weeks: its own.
  @Test func aNewDatabaseHasNoEarlierWeek() async throws {
    try await ScratchDatabase.withSchema { _, connection in
      let day = try await connection.query("SELECT (day = date_trunc('week', day)::date) AS monday FROM runtime.inbox_day")
      #expect(try day[0].value("monday", as: Bool.self))
    }
  }

  /// As if much had happened since, without a word to the planner.
  private func fill(_ connection: PostgresConnection) async throws {
    try await connection.script(
      """
      INSERT INTO runtime.inbox (consumer, identity, received_on, topic, partition, record_offset, batch, ordinal, outputs)
      SELECT 'c', gen_random_uuid(), date_trunc('week', now() AT TIME ZONE 'UTC')::date - 7 * (n % 2), 'requests', 0, n,
        gen_random_uuid(), n, '' FROM generate_series(1, \(Self.rows * 2)) AS n;
      INSERT INTO runtime.streams (handler, key, version, state, correlation_id, opened_at, changed_at)
      SELECT 'h', 'old-' || n, 1, '{}', gen_random_uuid(), now(), now() FROM generate_series(1, \(Self.rows)) AS n;
      INSERT INTO runtime.timers (id, consumer, due, handler, key, name, payload)
      SELECT gen_random_uuid(), 'c', now(), '', '', 'deadline', '' FROM generate_series(1, \(Self.rows)) AS n;
      INSERT INTO runtime.effect_starts (consumer, identity, token)
      SELECT 'c', gen_random_uuid(), gen_random_uuid() FROM generate_series(1, \(Self.rows)) AS n;
      """)
  }
}

/// Commits what pipelines commit: answers, repeats, deadlines set, met and fired, streams made and changed, start marks.
private struct Committer {
  static let lane = TopicPartition("requests", 0)
  private let store: PostgresStore
  private let lanes: [TopicPartition: LaneEpoch]
  private let ids = RandomIDSource()

  init(_ store: PostgresStore, lanes: [TopicPartition: LaneEpoch]) {
    self.store = store
    self.lanes = lanes
  }

  func commitOneOfEachKind() async throws {
    let repeated = MessageIdentity.request(EnvelopeID(ids.next()))
    try await commit([entry(repeated)])
    try await commit([entry(repeated), entry()])
    // More than PostgreSQL believes an array to have.
    let streams = (0..<12).map { _ in StreamName(handler: "h", key: "\(ids.next())") }
    let timers = (0..<3).map { DurableTimer(id: ids.next(), due: Timestamp(microseconds: 1_000 + $0), purpose: .deadline) }
    try await commit(
      [entry(deadline: .opens(timers[0])), entry(deadline: .opens(timers[1])), entry(changesStreams: true)],
      streams.map { ($0, 0) },
      timers: [.set(timers[2])])
    try await commit(
      [entry(deadline: .response(timers[0].id)), entry(deadline: .firing(timers[1].id)), entry(changesStreams: true)],
      streams.map { ($0, 1) },
      timers: [.cancel(timers[2].id)])
    let mark = StartMark(
      consumer: "c", identity: .request(EnvelopeID(ids.next())), lane: Self.lane, epoch: lanes[Self.lane] ?? 0, token: ids.next()
    )
    #expect(try await store.markStart(mark) == .started)
  }

  private func entry(
    _ identity: MessageIdentity? = nil, deadline: DeadlineClaim? = nil, changesStreams: Bool = false
  ) -> CommitEntry {
    CommitEntry(
      identity: identity ?? .request(EnvelopeID(ids.next())), source: Self.lane, offset: 1, outputs: [], deadline: deadline,
      changesStreams: changesStreams)
  }

  private func commit(
    _ entries: [CommitEntry], _ changes: [(stream: StreamName, version: Int64)] = [], timers: [TimerChange] = []
  ) async throws {
    let time = Timestamp(microseconds: 1_795_232_934_000_000)
    var batch = CommitBatch(id: ids.next(), consumer: "c", lanes: lanes, entries: entries, time: time)
    batch.timers = timers
    batch.streams = changes.map { stream, version in
      let correlation = CorrelationID(ids.next())
      return StreamChange(
        stream: stream, expectedVersion: version, correlationID: correlation,
        events: [JournalEvent(type: "t", payload: "{}", correlationID: correlation, causationID: nil, time: time)], state: "{}",
        isClosed: false)
    }
    guard case .committed = try await store.commit(batch) else { throw MissingServer(variable: "lane") }
  }
}
