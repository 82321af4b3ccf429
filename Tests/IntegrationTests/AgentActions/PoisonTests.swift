import OnexCore
import OnexJSON
import OnexPostgres
import ProcessTestSupport
import Testing

@testable import OnexObservability

/// Every table with everything that can be wrong with its events, on a real broker and a real database.
@Suite(.timeLimit(.minutes(3))) struct PoisonTests {
  private static let mebibyte = 1 << 20

  @Test(arguments: ObservabilityTable.all.map(\.name))
  func goodRowsAreStoredAndEveryBadOneIsNamed(_ name: String) async throws {
    let table = try #require(ObservabilityTable.all.first { $0.name == name })
    let matrix = PoisonMatrix(table: table)
    let poisons = matrix.poisons
    try await ScratchDatabase.with { url in
      let stage = try await AgentActionsStage(databaseURL: url, table: table)
      let large = JSONValue.object(matrix.event(["surprise": .string(String(repeating: "x", count: Self.mebibyte))])).encoded()
      var values: [Bytes?] = [large]
      for poison in poisons {
        values.append(poison.value)
        values.append(JSONValue.object(matrix.event(["surprise": ["kept": 1]])).encoded())
      }
      let sent = values
      let member = try stage.member()
      let letters = try await stage.run(member) {
        try await stage.send(sent)
        try await AgentActionsStage.until {
          member.metric("rows_total") == poisons.count + 1 && member.metric("dead_letters_total") == poisons.count
            && member.isReady
        }
        return try await stage.deadLetters(count: poisons.count)
      }
      #expect(letters.count == poisons.count)
      for poison in poisons {
        let letter = letters.first { $0.value == poison.value }
        let reason = letter?.text("onex_dlq_failure_reason") ?? "no dead letter"
        #expect(reason.contains(poison.reason), "\(poison.name): \(reason)")
        #expect(letter?.text("onex_dlq_error_code") == poison.code, "\(poison.name)")
      }
      let kept = try await stage.column(
        "SELECT count(*)::text AS n FROM \(table.name) WHERE metadata @> '{\"extra\": {\"surprise\": {\"kept\": 1}}}'")
      #expect(kept == [String(poisons.count)])
      let longest = try await stage.column(
        "SELECT max(length(metadata->'extra'->>'surprise'))::text AS n FROM \(table.name)")
      #expect(longest == [String(Self.mebibyte)], "the large row is stored in full")
    }
  }

  @Test func inputThatIsAllBadIsPutAsideAndWhatFollowsIsStored() async throws {
    let matrix = PoisonMatrix(table: .agentActions)
    try await ScratchDatabase.with { url in
      let stage = try await AgentActionsStage(databaseURL: url)
      let member = try stage.member()
      try await stage.run(member) {
        try await stage.send((0..<2000).map { Bytes("bad \($0)") })
        try await AgentActionsStage.until { member.metric("dead_letters_total") == 2000 }
        try await stage.send([JSONValue.object(matrix.event()).encoded()])
        try await AgentActionsStage.until { member.metric("rows_total") == 1 && member.isReady }
      }
      #expect(member.metric("failed_inserts_total") == 0)
    }
  }

  /// Events that once took minutes each: they are stored, and what is behind them as well.
  @Test func eventsOfManyNamesHoldUpNothing() async throws {
    let matrix = PoisonMatrix(table: .agentActions)
    try await ScratchDatabase.with { url in
      let stage = try await AgentActionsStage(databaseURL: url)
      let names = (0..<1500).map { "user\($0)@example.com" }
      let addresses = JSONValue.object(JSONObject(names.map { ($0, 1) }))
      let fields = Dictionary(uniqueKeysWithValues: (0..<40_000).map { ("unknown_\($0)", JSONValue.boolean(true)) })
      let tooMany = Dictionary(uniqueKeysWithValues: (0..<50_001).map { ("u\($0)", JSONValue.integer($0)) })
      let events = [
        matrix.event(["metadata": addresses]), matrix.event(["metadata": addresses]), matrix.event(["metadata": addresses]),
        matrix.event().merging(fields), matrix.event().merging(tooMany), matrix.event(),
      ]
      let member = try stage.member()
      let letters = try await stage.run(member) {
        try await stage.send(events.map { JSONValue.object($0).encoded() })
        try await AgentActionsStage.until { member.metric("rows_total") == 5 && member.metric("dead_letters_total") == 1 }
        return try await stage.deadLetters(count: 1)
      }
      #expect(letters.first?.text("onex_dlq_error_code") == "PAYLOAD_TOO_LARGE")
      let counts = try await stage.column(
        "SELECT count(*)::text AS n FROM agent_actions, jsonb_object_keys(metadata) AS k WHERE k LIKE '[REDACTED:email]%'")
      #expect(counts == ["4500"], "no member is lost")
    }
  }

  @Test func secretsDoNotReachTheDatabase() async throws {
    let matrix = PoisonMatrix(table: .agentActions)
    try await ScratchDatabase.with { url in
      let stage = try await AgentActionsStage(databaseURL: url)
      let member = try stage.member(policy: DecodingPolicy(nulBytes: .strip))
      let event = matrix.event([
        "result": "mail joe@example.com\0", "error_message": "Authorization: Bearer hidden", "api_key": "hidden",
        "metadata": ["headers": ["Cookie": "hidden"], "note": "password=hidden"],
      ])
      try await stage.run(member) {
        try await stage.send([JSONValue.object(event).encoded()])
        try await AgentActionsStage.until { member.metric("rows_total") == 1 }
      }
      let row = try #require(try await stage.column("SELECT row_to_json(a)::text AS row FROM agent_actions AS a").first)
      #expect(!row.contains("hidden") && !row.contains("joe@"), "\(row)")
      #expect(row.contains("[REDACTED:email]") && row.contains("\"nul_stripped\": true"), "\(row)")
    }
  }
}

extension ConsumedRecord {
  fileprivate func text(_ header: String) -> String? { headers.first { $0.name == header }?.value?.text }
}

extension JSONObject {
  fileprivate func merging(_ others: [String: JSONValue]) -> JSONObject {
    JSONObject(members.map { ($0.name, $0.value) } + others.map { ($0.key, $0.value) })
  }
}
