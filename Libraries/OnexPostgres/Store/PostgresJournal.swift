import OnexCore

/// Reads the journal (migrations/forward/003_runtime_journal.sql) on a connection of its own, for replay and for tools.
public final class PostgresJournal: JournalReader, ProjectionStore {
  private let client: PostgresClient

  public init(_ configuration: PostgresConfiguration, logger: Logger = .disabled) {
    client = PostgresClient(configuration, logger: logger)
  }

  public func close() async { await client.close() }

  public func events(
    _ scope: JournalScope, after: JournalPlace?, until: Int64?, countMax: Int
  ) async throws(StoreError) -> [PlacedEvent] {
    var filter = ""
    var parameters: [PostgresParameter] = [
      .bigint(after?.streamNumber ?? 0), .bigint(after?.streamSequence ?? 0), .bigint(until ?? .max), .bigint(Int64(countMax)),
    ]
    switch scope {
    case .all: break
    case .open: filter = "AND s.closed_at IS NULL"
    case .stream(let stream):
      filter = "AND s.handler = $5 AND s.key = $6"
      parameters += [.text(stream.handler), .text(stream.key)]
    }
    let sql = """
      SELECT j.sequence, j.stream_number, j.stream_sequence, s.handler, s.key, j.type, j.payload::text AS payload,
        j.correlation_id, j.causation_id, j.occurred_at
      FROM runtime.journal AS j JOIN runtime.streams AS s ON s.number = j.stream_number
      WHERE (j.stream_number, j.stream_sequence) > ($1, $2) AND j.sequence <= $3 \(filter)
      ORDER BY j.stream_number, j.stream_sequence LIMIT $4
      """
    return try await PostgresStore.answer { [parameters] () throws(PostgresError) in
      var events: [PlacedEvent] = []
      for row in try await client.connection().query(sql, parameters).rows { events.append(try PostgresJournal.event(row)) }
      return events
    }
  }

  private static func event(_ row: PostgresRow) throws(PostgresError) -> PlacedEvent {
    let event = JournalEvent(
      type: try row.value("type"), payload: try row.value("payload", as: Bytes.self),
      correlationID: CorrelationID(try row.value("correlation_id", as: RawUUID.self)),
      causationID: try row.optional("causation_id", as: RawUUID.self).map { EnvelopeID($0) },
      time: try row.value("occurred_at", as: Timestamp.self))
    let place = JournalPlace(
      streamNumber: try row.value("stream_number", as: Int64.self),
      streamSequence: try row.value("stream_sequence", as: Int64.self))
    let stream = StreamName(handler: try row.value("handler"), key: try row.value("key"))
    return PlacedEvent(
      place: place,
      event: RecordedEvent(
        sequence: try row.value("sequence", as: Int64.self), stream: stream, streamSequence: place.streamSequence, event: event))
  }

  public func snapshots(_ streams: [StreamName]) async throws(StoreError) -> [StreamName: StreamSnapshot] {
    var (handlers, keys) = (PostgresArray(of: .text), PostgresArray(of: .text))
    for stream in streams {
      handlers.append(stream.handler)
      keys.append(stream.key)
    }
    return try await PostgresStore.answer { [handlers, keys] () throws(PostgresError) in
      let rows = try await client.connection().query(
        """
        SELECT s.handler, s.key, s.version, s.state::text AS state
        FROM unnest($1, $2) AS g (handler, key) JOIN runtime.streams AS s ON s.handler = g.handler AND s.key = g.key
        """, [.array(handlers), .array(keys)])
      var found: [StreamName: StreamSnapshot] = [:]
      for row in rows.rows {
        let stream = StreamName(handler: try row.value("handler"), key: try row.value("key"))
        found[stream] = StreamSnapshot(
          version: try row.value("version", as: Int64.self), state: try row.value("state", as: Bytes.self))
      }
      return found
    }
  }

  public func projections(of streams: [StreamName]) async throws(StoreError) -> [StreamName: [ProjectionChange]] {
    var (handlers, keys) = (PostgresArray(of: .text), PostgresArray(of: .text))
    for stream in streams {
      handlers.append(stream.handler)
      keys.append(stream.key)
    }
    return try await PostgresStore.answer { [handlers, keys] () throws(PostgresError) in
      let rows = try await client.connection().query(
        """
        SELECT p.handler, p.stream_key, p.projection, p.key, p.value::text AS value
        FROM unnest($1, $2) AS g (handler, key) JOIN runtime.projections AS p ON p.handler = g.handler AND p.stream_key = g.key
        """, [.array(handlers), .array(keys)])
      var found: [StreamName: [ProjectionChange]] = [:]
      for row in rows.rows {
        let stream = StreamName(handler: try row.value("handler"), key: try row.value("stream_key"))
        var change = ProjectionChange(
          projection: try row.value("projection"), key: try row.value("key"), value: try row.value("value", as: Bytes.self))
        change.stream = stream
        found[stream, default: []].append(change)
      }
      return found
    }
  }

  public func write(_ changes: [ProjectionChange]) async throws(StoreError) {
    try await PostgresStore.answer { () throws(PostgresError) in
      _ = try await client.connection().query(
        "SELECT runtime.write_projections($1, $2, $3, $4, $5)", WorkParameters.projections(changes))
    }
  }

  /// Rows of a read model, the newest first by the text in `field`.
  public func newest(_ projection: String, by field: String, countMax: Int) async throws(StoreError) -> [(
    key: String, value: Bytes
  )] {
    try await PostgresStore.answer { () throws(PostgresError) in
      let rows = try await client.connection().query(
        "SELECT key, value::text AS value FROM runtime.projections WHERE projection = $1 ORDER BY value->>$2 DESC LIMIT $3",
        [.text(projection), .text(field), .bigint(Int64(countMax))])
      var found: [(key: String, value: Bytes)] = []
      for row in rows.rows { found.append((try row.value("key"), try row.value("value", as: Bytes.self))) }
      return found
    }
  }

  /// Streams with this key, or of chains with this correlation id, in the order in which they began.
  public func find(_ id: String, countMax: Int) async throws(StoreError) -> [StreamName] {
    try await PostgresStore.answer { () throws(PostgresError) in
      let rows = try await client.connection().query(
        "SELECT handler, key FROM runtime.streams WHERE key = $1 OR correlation_id::text = $1 ORDER BY number LIMIT $2",
        [.text(id), .bigint(Int64(countMax))])
      var found: [StreamName] = []
      for row in rows.rows { found.append(StreamName(handler: try row.value("handler"), key: try row.value("key"))) }
      return found
    }
  }
}
