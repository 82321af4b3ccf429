import OnexCore

extension PostgresStore {
  public func load(
    _ streams: [StreamName], _ identities: [MessageIdentity], consumer: String
  ) async throws(StoreError) -> LoadedStreams {
    var (handlers, keys, ids) = (PostgresArray(of: .text), PostgresArray(of: .text), PostgresArray(of: .uuid))
    for stream in streams {
      handlers.append(stream.handler)
      keys.append(stream.key)
    }
    for identity in identities { ids.append(identity.uuid) }
    let byID = Dictionary(identities.map { ($0.uuid, $0) }) { first, _ in first }
    let parameters: [PostgresParameter] = [.text(consumer), .array(handlers), .array(keys), .array(ids)]
    return try await PostgresStore.answer { () throws(PostgresError) in
      let rows = try await lookups.query("SELECT * FROM runtime.load_streams($1, $2, $3, $4)", parameters)
      var loaded = LoadedStreams()
      for row in rows.rows {
        if let place = try row.optional("place", as: Int.self) {
          loaded.snapshots[streams[place - 1]] = StreamSnapshot(
            version: try row.value("version", as: Int64.self), state: try row.value("state", as: Bytes.self))
        } else if let identity = byID[try row.value("identity", as: RawUUID.self)] {
          loaded.answers[identity] = try PostgresStore.recorded(row)
        }
      }
      return loaded
    }
  }

  public func lease(
    _ lane: TopicPartition, consumer: String, owner: String, expired: LeaseState?
  ) async throws(StoreError) -> LeaseAnswer {
    try await PostgresStore.answer { () throws(PostgresError) in
      let rows = try await lookups.query(
        "SELECT * FROM runtime.lease($1, $2, $3, $4, $5, $6)",
        [
          .text(consumer), .text(owner), .text(lane.topic), .integer(lane.partition), .bigint(expired?.epoch),
          .bigint(expired?.renewals),
        ])
      guard rows.count == 1 else { throw PostgresError(.decoding, "runtime.lease answered \(rows.count) rows instead of one") }
      let epoch = try rows[0].value("epoch", as: Int64.self)
      if try rows[0].value("is_held", as: Bool.self) { return .held(epoch) }
      return .taken(LeaseState(epoch: epoch, renewals: try rows[0].value("renewals", as: Int64.self)))
    }
  }

  public func dueTimers(_ query: TimerQuery) async throws(StoreError) -> DueTimers {
    var handlers = PostgresArray(of: .text)
    let condition: String
    switch query.handlers {
    case .these(let names):
      // Deadlines of requests belong to no handler.
      for name in [""] + names { handlers.append(name) }
      condition = "handler = ANY ($2)"
    case .only(let names):
      for name in names { handlers.append(name) }
      condition = "handler = ANY ($2)"
    case .others(let names):
      for name in [""] + names { handlers.append(name) }
      condition = "handler <> ALL ($2) AND due <= clock_timestamp() + $4::interval"
    }
    // One more than asked for says when the next one is due. The clock comes with the rows, and also without any.
    let sql = """
      SELECT c.moment, t.id, t.due, t.handler, t.key, t.name, t.payload
      FROM (SELECT clock_timestamp() AS moment) AS c
      LEFT JOIN LATERAL (
        SELECT * FROM runtime.timers WHERE consumer = $1 AND \(condition) AND isfinite(due) ORDER BY due LIMIT $3) AS t ON true
      ORDER BY t.due
      """
    var parameters: [PostgresParameter] = [.text(query.consumer), .array(handlers), .bigint(Int64(query.countMax + 1))]
    if case .others = query.handlers { parameters.append(.text("\(query.ahead.microseconds) microseconds")) }
    return try await PostgresStore.answer { [parameters] () throws(PostgresError) in
      var timers: [DurableTimer] = []
      let rows = try await lookups.query(sql, parameters)
      let now = try rows[0].value("moment", as: Timestamp.self)
      for row in rows.rows where try row.optional("id", as: RawUUID.self) != nil { timers.append(try PostgresStore.timer(row)) }
      if case .others = query.handlers {
        return DueTimers(now: now, timers: Array(timers.prefix(query.countMax)), nextDue: nil)
      }
      let due = timers.prefix(query.countMax).prefix { $0.due <= now }
      return DueTimers(now: now, timers: Array(due), nextDue: timers.dropFirst(due.count).first?.due)
    }
  }

  private static func timer(_ row: PostgresRow) throws(PostgresError) -> DurableTimer {
    let handler = try row.value("handler", as: String.self)
    let purpose: DurableTimer.Purpose =
      if handler.isEmpty {
        .deadline
      } else {
        .stream(
          StreamName(handler: handler, key: try row.value("key", as: String.self)), name: try row.value("name", as: String.self))
      }
    return DurableTimer(
      id: try row.value("id", as: RawUUID.self), due: try row.value("due", as: Timestamp.self), purpose: purpose,
      payload: try row.value("payload", as: Bytes.self))
  }

  public func finish(_ timers: [DurableTimer], consumer: String) async throws(StoreError) {
    var (ids, due) = (PostgresArray(of: .uuid), PostgresArray(of: .timestamptz))
    for timer in timers {
      ids.append(timer.id)
      due.append(timer.due)
    }
    let parameters: [PostgresParameter] = [.array(ids), .array(due)]
    try await PostgresStore.answer { () throws(PostgresError) in
      _ = try await lookups.query(
        """
        DELETE FROM runtime.timers AS t USING unnest($1, $2) AS g (id, due) WHERE t.id = g.id AND t.due = g.due
        """, parameters)
    }
  }

  /// Deletes closed streams and start markers older than the retention, at most `countMax` streams.
  public func maintainJournal(retentionDays: Int, countMax: Int) async throws(StoreError) -> Int64 {
    try await PostgresStore.answer { () throws(PostgresError) in
      let rows = try await lookups.query(
        "SELECT runtime.maintain_journal($1, $2) AS gone", [.integer(Int32(retentionDays)), .integer(Int32(countMax))])
      return try rows[0].value("gone", as: Int64.self)
    }
  }
}
