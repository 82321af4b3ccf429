import OnexCore
import OnexJSON
import OnexPostgres
import ProcessTestSupport
import Testing

/// `onexctl actions` and the service's start, as processes on a database of their own.
@Suite(.timeLimit(.minutes(2))) struct ActionsCommandTests {
  private let correlation = "0190a0a0-0000-4000-8000-000000000001"

  private func fill(_ connection: PostgresConnection) async throws {
    try await connection.script(
      """
      INSERT INTO agent_actions (id, correlation_id, agent_name, action_type, action_name, created_at, status, result)
      VALUES (gen_random_uuid(), '\(correlation)', 'planner', 'tool_call', 'search', now() - interval '2 minutes', 'ok', E'3 hits\\x1b[31m'),
        (gen_random_uuid(), gen_random_uuid(), 'writer', 'tool_call', 'edit', now() - interval '3 days', 'ok', 'old');
      INSERT INTO agent_execution_logs (execution_id, correlation_id, agent_name, status, created_at, updated_at, error_message)
      VALUES (gen_random_uuid(), '\(correlation)', 'planner', 'failed', now(), now() - interval '1 minute', 'out of memory');
      """)
  }

  private func actions(_ arguments: [String], _ url: String) async throws -> (code: Int32, output: String) {
    try await Process.run("onexctl", ["actions"] + arguments, environment: ["OMNIBASE_INFRA_DB_URL": url])
  }

  @Test func whatAgentsDidIsFound() async throws {
    try await ScratchDatabase.withSchema { url, connection in
      try await fill(connection)
      let tail = try await actions(["tail"], url)
      let lines = tail.output.split(separator: "\n")
      #expect(tail.code == 0 && lines.count == 3, "\(tail.output)")
      #expect(lines[1].contains("search: 3 hits") && lines[2].contains("out of memory"), "the newest comes last: \(tail.output)")
      #expect(!tail.output.contains("\u{1B}"), "an agent's text does not act on the terminal")

      let search = try await actions(["search", "--correlation-id", correlation, "--json"], url)
      let found = try search.output.split(separator: "\n").map { try JSONValue.parse(Bytes($0)) }
      #expect(found.map { $0["table"]?.string } == ["agent_execution_logs", "agent_actions"], "\(search.output)")
      #expect(found.first?["status"] == "failed" && found.first?["agent_name"] == "planner")
      for (filter, count) in [
        (["--agent", "writer"], 1), (["--status", "ok"], 2), (["--since", "1h"], 2), (["--until", "1h"], 1),
        (["--table", "agent_actions", "--since", "7d", "--limit", "1"], 1), (["--agent", "nobody"], 0),
      ] {
        let result = try await actions(["search", "--json"] + filter, url)
        #expect(result.output.split(separator: "\n").count == count, "\(filter): \(result.output)")
      }
      let stats = try await actions(["stats", "--since", "7d", "--json"], url)
      let rows = try stats.output.split(separator: "\n").map { try JSONValue.parse(Bytes($0)) }
      #expect(rows.count == 3 && rows.allSatisfy { $0["rows"] == 1 }, "\(stats.output)")
    }
  }

  @Test func rowsOfTheFutureDoNotHideThePresentAndNoFieldActsOnTheTerminal() async throws {
    try await ScratchDatabase.withSchema { url, connection in
      try await fill(connection)
      try await connection.script(
        """
        INSERT INTO agent_actions (id, correlation_id, agent_name, action_type, action_name, created_at, status)
        SELECT gen_random_uuid(), gen_random_uuid(), E'a\\x1b]0;x\\x07', E'k\\x1b[2J', 'later', t, E's\\u009b31m'
        FROM unnest(ARRAY[now() + interval '4 days', '9999-12-31 23:59:59+00', now() - interval '30 seconds']) AS t;
        """)
      let tail = try await actions(["tail", "--limit", "2"], url)
      let lines = tail.output.split(separator: "\n")
      #expect(lines.count == 3 && lines[1].contains("out of memory") && lines[2].contains("later"), "\(tail.output)")
      let unsafe = tail.output.unicodeScalars.filter { ($0.value < 0x20 && $0 != "\n") || (0x7F..<0xA0).contains($0.value) }
      #expect(unsafe.isEmpty, "\(tail.output)")
      let future = try await actions(["tail", "--until", "9999-12-31T23:59:59.9Z", "--limit", "1"], url)
      #expect(future.output.contains("9999-12-31T23:59:59"), "\(future.output)")
      let stats = try await actions(["stats"], url)
      #expect(!stats.output.contains("9999") && !stats.output.contains("\u{1B}"), "\(stats.output)")
    }
  }

  @Test(arguments: [
    ["search"], ["search", "--correlation-id", "x"], ["stats", "--since", "x"], ["stats", "--follow"], ["list"],
  ])
  func aMistakeIsExplained(_ arguments: [String]) async throws {
    let result = try await actions(arguments, "postgresql://postgres@127.0.0.1:1/none")
    #expect(result.code == 64 && result.output.contains("Usage: onexctl actions"), "\(result.output)")
  }

  @Test func aDatabaseOfAnotherVersionEndsTheStartWithTheCommandThatFixesIt() async throws {
    try await ScratchDatabase.with { url in
      let result = try await Process.run(
        "agent-actions-consumer", [],
        environment: ["OMNIBASE_INFRA_DB_URL": url, "OMNIBASE_INFRA_AGENT_ACTIONS_HEALTH_CHECK_PORT": "0"])
      #expect(result.code == 78 && result.output.contains("onexctl migrate up"), "\(result.output)")
    }
  }
}
