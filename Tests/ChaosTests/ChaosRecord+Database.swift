import OnexPostgres

extension ChaosRecord {
  /// Reads what the services have written down.
  mutating func read(_ url: String) async throws {
    let connection = try await PostgresConnection.connect(PostgresConfiguration(.connectionString(url)))
    for row in try await connection.query(
      "SELECT consumer, identity::text AS identity, count(*) AS n FROM runtime.inbox GROUP BY 1, 2"
    ).rows {
      let entry = InboxEntry(consumer: try row.value("consumer"), identity: try row.value("identity"))
      inbox[entry] = try row.value("n", as: Int.self)
    }
    for row in try await connection.query(
      "SELECT number, correlation_id::text AS correlation, version, closed_at IS NOT NULL AS is_closed FROM runtime.streams"
    ).rows {
      streams.append(
        Stream(
          number: try row.value("number"), correlationID: try row.value("correlation"), version: try row.value("version"),
          isClosed: try row.value("is_closed")))
    }
    for row in try await connection.query(
      "SELECT sequence, stream_number, stream_sequence, type, payload->>'step' AS step FROM runtime.journal ORDER BY sequence"
    ).rows {
      journal.append(
        Event(
          sequence: try row.value("sequence"), stream: try row.value("stream_number"),
          streamSequence: try row.value("stream_sequence"), type: try row.value("type"), step: try row.optional("step")))
    }
    journalHead = try await connection.query("SELECT last FROM runtime.journal_head")[0].value("last")
    timers = try await ChaosRecord.timers(connection)
    await connection.close()
  }

  static func timers(_ connection: PostgresConnection) async throws -> Int {
    try await connection.query("SELECT count(*) AS n FROM runtime.timers")[0].value("n")
  }
}
