import OnexCore

/// A database between `onexctl restore begin` and `onexctl restore finish` (migrations/forward/009_lifecycle.sql). No service works on it
/// meanwhile. Every change is safe to repeat.
public struct PostgresRestore: Sendable {
  public struct Standing: Sendable, Hashable {
    /// `nil` when no restore was begun.
    public let since: Timestamp?
    /// The age of the data: the last heartbeat in the dump, or what the operator said.
    public let dumpedAt: Timestamp?
    /// Why no service may work on the database; `nil` when services may.
    public let reason: String?
  }

  private static let pageRows: Int32 = 1000

  private let connection: PostgresConnection

  public init(_ connection: PostgresConnection) { self.connection = connection }

  public func standing() async throws(PostgresError) -> Standing {
    let rows = try await connection.query(
      "SELECT restoring_since, dumped_at, runtime.restoring() AS reason FROM runtime.database_state")
    return Standing(
      since: try rows[0].optional("restoring_since"), dumpedAt: try rows[0].optional("dumped_at"),
      reason: try rows[0].optional("reason"))
  }

  /// - Parameter dumpedAt: the time of the dump where it is known; else its last heartbeat counts.
  /// - Returns: the time of the dump.
  public func begin(dumpedAt: Timestamp?) async throws(PostgresError) -> Timestamp {
    try await connection.query("SELECT runtime.restore_begin($1) AS dumped", [.timestamp(dumpedAt)])[0].value("dumped")
  }

  public func end() async throws(PostgresError) { try await connection.query("SELECT runtime.restore_end()::text") }

  /// The groups whose processes fire timers; a deployment has one.
  public func timerConsumers() async throws(PostgresError) -> [String] {
    var consumers: [String] = []
    let rows = try await connection.query(
      """
      SELECT consumer FROM runtime.lanes WHERE topic = 'runtime-timers'
      UNION SELECT consumer FROM runtime.timers ORDER BY consumer
      """)
    for row in rows.rows { consumers.append(try row.value("consumer")) }
    return consumers
  }

  /// The deadlines of requests.
  public func deadlines() async throws(PostgresError) -> Set<RawUUID> {
    var ids: Set<RawUUID> = []
    var last: RawUUID?
    while true {
      let rows = try await connection.query(
        "SELECT id FROM runtime.timers WHERE handler = '' AND ($1::uuid IS NULL OR id > $1) ORDER BY id LIMIT $2",
        [.uuid(last), .integer(PostgresRestore.pageRows)])
      for row in rows.rows {
        let id: RawUUID = try row.value("id")
        ids.insert(id)
        last = id
      }
      if rows.count < Int(PostgresRestore.pageRows) { return ids }
    }
  }

  /// Streams in which something is still expected to happen, one after the other.
  public func openStreams(
    _ body: (StreamName, StreamSnapshot) throws -> Void
  ) async throws {
    var last: Int64 = 0
    while true {
      let rows = try await connection.query(
        """
        SELECT number, handler, key, version, state::text AS state FROM runtime.streams
        WHERE closed_at IS NULL AND number > $1 ORDER BY number LIMIT 100
        """, [.bigint(last)])
      for row in rows.rows {
        last = try row.value("number")
        let name = StreamName(handler: try row.value("handler"), key: try row.value("key"))
        try body(name, StreamSnapshot(version: try row.value("version"), state: try row.value("state")))
      }
      if rows.count < 100 { return }
    }
  }

  public func snapshot(_ stream: StreamName) async throws(PostgresError) -> StreamSnapshot? {
    let rows = try await connection.query(
      "SELECT version, state::text AS state FROM runtime.streams WHERE handler = $1 AND key = $2",
      [.text(stream.handler), .text(stream.key)])
    return rows.count == 0 ? nil : StreamSnapshot(version: try rows[0].value("version"), state: try rows[0].value("state"))
  }

  /// Appends events to a stream and writes its read models; the timers of a stream that is closed by them go.
  public func settle(_ change: StreamChange, _ projections: [ProjectionChange]) async throws(PostgresError) {
    let last = change.events.last?.time
    var statements: [(String, [PostgresParameter])] = [
      (
        "SELECT runtime.commit_streams($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)::text",
        [.timestamp(last)] + WorkParameters.streams([change]) + WorkParameters.events([change])
      ),
      ("SELECT runtime.write_projections($1, $2, $3, $4, $5)::text", WorkParameters.projections(projections)),
    ]
    if change.isClosed {
      statements.append(
        (
          "DELETE FROM runtime.timers WHERE handler = $1 AND key = $2",
          [.text(change.stream.handler), .text(change.stream.key)]
        ))
    }
    try await connection.pipeline(statements)
  }

  public func delete(_ timers: [RawUUID]) async throws(PostgresError) {
    for page in PostgresRestore.pages(timers) {
      var ids = PostgresArray(of: .uuid)
      for id in page { ids.append(id) }
      try await connection.query("DELETE FROM runtime.timers WHERE id = ANY ($1)", [.array(ids)])
    }
  }

  /// Sets deadlines of requests.
  public func set(_ timers: [DurableTimer], consumer: String) async throws(PostgresError) {
    for page in PostgresRestore.pages(timers) {
      var (ids, due, payloads) = (PostgresArray(of: .uuid), PostgresArray(of: .timestamptz), PostgresArray(of: .bytea))
      for timer in page {
        ids.append(timer.id)
        due.append(timer.due)
        payloads.append(bytea: timer.payload)
      }
      try await connection.query(
        """
        INSERT INTO runtime.timers (id, consumer, due, handler, key, name, payload)
        SELECT g.id, $1, g.due, '', '', '', g.payload FROM unnest($2, $3, $4) AS g (id, due, payload) ON CONFLICT DO NOTHING
        """, [.text(consumer), .array(ids), .array(due), .array(payloads)])
    }
  }

  private static func pages<Element>(_ all: [Element]) -> [ArraySlice<Element>] {
    stride(from: 0, to: all.count, by: Int(pageRows)).map { all[$0..<min($0 + Int(pageRows), all.count)] }
  }
}
