import OnexCore
import OnexJSON
import OnexPostgres
import Testing

@testable import OnexObservability

/// The state of an execution, told in any order.
@Suite(.timeLimit(.minutes(2))) struct ExecutionLogTests {
  private static let statuses = ["pending", "started", "running", "completed", "failed"]

  private struct Told {
    let status: String
    let minute: Int
    var summary: String?
    var exitCode: Int32?
    var rank: Int { min(ExecutionLogTests.statuses.firstIndex(of: status) ?? 0, 3) }
  }

  private func row(_ id: RawUUID, _ told: Told) throws -> Row {
    let table = ObservabilityTable.agentExecutionLogs
    let minute = told.minute < 10 ? "0\(told.minute)" : "\(told.minute)"
    var event = JSONObject([
      ("execution_id", .string(id.description)), ("correlation_id", .string(id.description)), ("agent_name", "a"),
      ("status", .string(told.status)), ("created_at", "2026-11-21T03:00:00Z"),
      ("updated_at", .string("2026-11-21T03:\(minute):00Z")),
      ("metadata", .object(JSONObject([(told.status, .integer(told.minute))]))),
    ])
    event["output_summary"] = told.summary.map { .string($0) }
    event["exit_code"] = told.exitCode.map { .integer($0) }
    var decoder = RowDecoder()
    let record = ConsumedRecord(
      source: TopicPartition(table.topic, 0), offset: 0, key: nil, value: JSONValue.object(event).encoded(), timestamp: nil)
    return try decoder.decode(record, for: table, receivedAt: Timestamp(microseconds: 1_795_240_000_000_000))
  }

  /// What the rule says comes of them, one after the other.
  private func expected(_ events: [Told]) -> Told {
    events.dropFirst().reduce(events[0]) { old, new in
      let wins = (new.rank, new.minute) > (old.rank, old.minute)
      let (winner, other) = wins ? (new, old) : (old, new)
      return Told(
        status: winner.status, minute: winner.minute, summary: winner.summary ?? other.summary,
        exitCode: winner.exitCode ?? other.exitCode)
    }
  }

  private func stored(_ id: RawUUID, _ connection: PostgresConnection) async throws -> String {
    try await connection.query(
      "SELECT concat_ws(' ', status, extract(minute FROM updated_at)::int, coalesce(output_summary, '-'), exit_code) AS line FROM agent_execution_logs WHERE execution_id = $1",
      [.uuid(id)])[0].value("line")
  }

  private func line(_ told: Told) -> String {
    ["\(told.status)", "\(told.minute)", told.summary ?? "-"].joined(separator: " ") + (told.exitCode.map { " \($0)" } ?? "")
  }

  @Test func aStatusNeverGoesBackAndAValueIsNeverLost() async throws {
    try await ScratchDatabase.withSchema { url, connection in
      let store = PostgresRowStore { PostgresClient(PostgresConfiguration(.connectionString(url))) }
      var cases: [(RawUUID, [Told])] = []
      for _ in 0..<300 {
        let events = (0..<Int.random(in: 1...6)).map { _ in
          Told(
            status: Self.statuses.randomElement() ?? "", minute: .random(in: 0...59),
            summary: Bool.random() ? "s\(Int.random(in: 0...99))" : nil, exitCode: Bool.random() ? .random(in: 0...3) : nil)
        }
        cases.append((RandomIDSource().next(), events))
      }
      // All in one batch, so that one batch holds several states of each; then one by one, for other keys.
      var rows: [Row] = []
      for step in 0..<6 { for (id, events) in cases where step < events.count { rows.append(try row(id, events[step])) } }
      _ = try await store.insert(rows[...], into: .agentExecutionLogs)
      for (id, events) in cases {
        #expect(try await stored(id, connection) == line(expected(events)), "\(events.map(line))")
      }
      let (_, sample) = cases[0]
      let other = RandomIDSource().next()
      for event in sample { _ = try await store.insert([try row(other, event)], into: .agentExecutionLogs) }
      #expect(try await stored(other, connection) == line(expected(sample)))
      await store.close()
    }
  }

  /// Unknown fields of all events are kept, whatever their order, and telling an event again changes nothing.
  @Test func membersBelowExtraAreMerged() async throws {
    try await ScratchDatabase.withSchema { url, connection in
      let store = PostgresRowStore { PostgresClient(PostgresConfiguration(.connectionString(url))) }
      func told(_ id: RawUUID, _ minute: Int, _ metadata: JSONValue?, _ fields: [(String, JSONValue)]) throws -> Row {
        var event = JSONObject([
          ("execution_id", .string(id.description)), ("correlation_id", .string(id.description)), ("agent_name", "a"),
          ("status", "running"), ("created_at", "2026-11-21T03:00:00Z"), ("updated_at", .string("2026-11-21T03:0\(minute):00Z")),
        ])
        event["metadata"] = metadata
        for (name, value) in fields { event[name] = value }
        var decoder = RowDecoder()
        let record = ConsumedRecord(
          source: TopicPartition("t", 0), offset: 0, key: nil, value: JSONValue.object(event).encoded(), timestamp: nil)
        return try decoder.decode(record, for: .agentExecutionLogs, receivedAt: Timestamp(microseconds: 1_795_240_000_000_000))
      }
      for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]] {
        let id = RandomIDSource().next()
        let rows = [
          try told(id, 1, nil, [("foo", 1)]), try told(id, 2, ["team": "x"], [("bar", 2)]),
          try told(id, 3, ["extra": "text"], []),
        ]
        for index in order { _ = try await store.insert([rows[index]], into: .agentExecutionLogs) }
        let text = try await connection.query(
          "SELECT metadata::text AS m FROM agent_execution_logs WHERE execution_id = $1", [.uuid(id)])
        let metadata = try JSONValue.parse(Bytes(text[0].value("m", as: String.self)))
        #expect(metadata == ["team": "x", "extra": ["foo": 1, "bar": 2, "extra": "text"]], "\(order): \(metadata)")
        #expect(try await store.insert([rows[order[0]]], into: .agentExecutionLogs) == 0, "a repeat changes nothing")
      }
      await store.close()
    }
  }

  @Test func aRepeatChangesNothingAndCountsAsOne() async throws {
    try await ScratchDatabase.withSchema { url, connection in
      let store = PostgresRowStore { PostgresClient(PostgresConfiguration(.connectionString(url))) }
      let id = RandomIDSource().next()
      let events = [Told(status: "started", minute: 1, summary: "s"), Told(status: "completed", minute: 5, exitCode: 0)]
      let rows = try events.map { try row(id, $0) }
      #expect(try await store.insert(rows[...], into: .agentExecutionLogs) == 2)
      #expect(try await store.insert(rows[...], into: .agentExecutionLogs) == 0)
      #expect(try await stored(id, connection) == "completed 5 s 0")
      let metadata = try await connection.query("SELECT metadata::text AS m FROM agent_execution_logs")
      #expect(try metadata[0].value("m", as: String.self) == #"{"started": 1, "completed": 5}"#)
      await store.close()
    }
  }
}
