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

  /// Expiry goes by the database's clock: those of several machines need not agree.
  public func lease(
    _ lane: TopicPartition, consumer: String, owner: String, time: Duration
  ) async throws(StoreError) -> LaneEpoch? {
    try await PostgresStore.answer { () throws(PostgresError) in
      let rows = try await lookups.query(
        "SELECT * FROM runtime.lease_lane($1, $2, $3, $4, $5) AS epoch",
        [
          .text(consumer), .text(owner), .text(lane.topic), .integer(lane.partition),
          .text("\(time.microseconds) microseconds"),
        ])
      return rows.count == 0 ? nil : try rows[0].value("epoch", as: Int64.self)
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
      condition = "handler <> ALL ($2) AND due <= $4"
    }
    // One more than asked for says when the next one is due.
    let sql = """
      SELECT id, due, handler, key, name, payload FROM runtime.timers
      WHERE consumer = $1 AND \(condition) ORDER BY due LIMIT $3
      """
    var parameters: [PostgresParameter] = [.text(query.consumer), .array(handlers), .bigint(Int64(query.countMax + 1))]
    if case .others = query.handlers { parameters.append(.timestamp(query.now)) }
    return try await PostgresStore.answer { [parameters] () throws(PostgresError) in
      var timers: [DurableTimer] = []
      for row in try await lookups.query(sql, parameters).rows { timers.append(try PostgresStore.timer(row)) }
      let due = timers.prefix(query.countMax).prefix { $0.due <= query.now }
      if case .others = query.handlers { return DueTimers(timers: Array(due), nextDue: nil) }
      return DueTimers(timers: Array(due), nextDue: timers.dropFirst(due.count).first?.due)
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
