import OnexCore
import OnexPostgres
import ProcessTestSupport
import Testing

@testable import OnexObservability

@Suite(.timeLimit(.minutes(3))) struct AgentActionsTests {
  private let ids = RandomIDSource()

  /// An empty database on the shared server.
  private func withDatabase(_ body: (AgentActionsStage) async throws -> Void) async throws {
    let admin = try await TestDatabase.connect()
    let name = "agent_actions_\(ids.next().high)"
    try await admin.query("CREATE DATABASE \(name)")
    let outcome: Result<Void, any Error>
    do {
      try await body(AgentActionsStage(databaseURL: TestDatabase.url(database: name)))
      outcome = .success(())
    } catch {
      outcome = .failure(error)
    }
    try await admin.query("DROP DATABASE \(name) WITH (FORCE)")
    await admin.close()
    try outcome.get()
  }

  @Test func everyFieldArrivesInItsColumn() async throws {
    try await withDatabase { stage in
      let member = try stage.member()
      let id = ids.next()
      try await stage.run(member) {
        try await stage.send([AgentActionsStage.event(id)])
        try await AgentActionsStage.until { member.metric("rows_total") == 1 && member.isReady }
      }
      let row = try await stage.column(
        "SELECT row_to_json(a)::text FROM (SELECT id, agent_name, created_at, duration_ms, status, metadata FROM agent_actions) AS a"
      )
      #expect(
        row == [
          "{\"id\":\"\(id)\",\"agent_name\":\"planner\",\"created_at\":\"2026-11-21T03:48:54.123456+00:00\",\"duration_ms\":5,"
            + "\"status\":null,\"metadata\":{\"extra\": {\"unknown\": {\"kept\": true}}}}"
        ])
    }
  }

  @Test func readingTheWholeTopicAgainChangesNothing() async throws {
    try await withDatabase { stage in
      let sent = (0..<500).map { _ in ids.next() }
      let first = try stage.member()
      try await stage.run(first) {
        try await stage.send(sent.map { AgentActionsStage.event($0) })
        try await AgentActionsStage.until { first.metric("rows_total") == 500 }
      }
      let again = try stage.member(group: "again")
      try await stage.run(again) {
        try await AgentActionsStage.until { again.metric("rows_total{result=\"repeated\"}") == 500 }
      }
      #expect(try await Set(stage.column("SELECT id::text FROM agent_actions")) == Set(sent.map(\.description)))
    }
  }

  @Test func aMemberThatComesLaterContinuesAfterTheStoredOffsets() async throws {
    try await withDatabase { stage in
      let first = try stage.member()
      try await stage.run(first) {
        try await stage.send((0..<50).map { _ in AgentActionsStage.event(ids.next()) })
        try await AgentActionsStage.until { first.metric("rows_total") == 50 }
      }
      let second = try stage.member()
      try await stage.run(second) {
        try await stage.send([AgentActionsStage.event(ids.next())])
        try await AgentActionsStage.until { second.metric("rows_total") > 0 }
      }
      #expect(second.metric("rows_total") == 1)
    }
  }

  @Test func badRowsAreIsolatedWhetherFoundHereOrByTheDatabase() async throws {
    try await withDatabase { stage in
      let connection = try await PostgresConnection.connect(PostgresConfiguration(.connectionString(stage.databaseURL)))
      try await connection.script("ALTER TABLE agent_actions ADD CONSTRAINT no_poison CHECK (action_name <> 'poison')")
      await connection.close()
      let good = (0..<100).map { _ in ids.next() }
      let bad: [Bytes] = [
        "not json", "[]", AgentActionsStage.event(ids.next(), action: "poison"),
        AgentActionsStage.event(ids.next(), action: String(repeating: "x", count: 256)),
        AgentActionsStage.event(ids.next(), action: "a\0b"),
      ]
      var mixed = good.map { AgentActionsStage.event($0) }
      for (index, value) in bad.enumerated() { mixed.insert(value, at: index * 17) }
      let member = try stage.member()
      let sent = mixed
      let letters = try await stage.run(member) {
        try await stage.send(sent)
        try await AgentActionsStage.until { member.metric("rows_total") == 100 && member.metric("dead_letters_total") == 5 }
        return try await stage.deadLetters(count: 5)
      }
      #expect(Set(letters.map(\.value)) == Set(bad))
      let reasons = letters.compactMap { letter in letter.headers.first { $0.name == "onex_dlq_failure_reason" }?.value?.text }
      #expect(reasons.contains { $0.contains("no_poison") && $0.contains("23514") })
      #expect(reasons.contains { $0.contains("action_name has 256 characters, at most 255") })
      #expect(try await Set(stage.column("SELECT id::text FROM agent_actions")) == Set(good.map(\.description)))
    }
  }

  @Test func aDatabaseThatCrashesUnderLoadLosesNothing() async throws {
    let server = try await PrivatePostgres()
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await loadThroughCrashes(of: server)) } catch { outcome = .failure(error) }
    await server.remove()
    try outcome.get()
  }

  private func loadThroughCrashes(of server: PrivatePostgres) async throws {
    let stage = try await AgentActionsStage(databaseURL: server.url)
    let member = try stage.member()
    let good = (0..<3000).map { _ in ids.next() }
    let letters = try await stage.run(member) {
      for (index, start) in stride(from: 0, to: good.count, by: 100).enumerated() {
        try await stage.send(good[start..<start + 100].map { AgentActionsStage.event($0) } + ["bad"])
        guard index % 10 == 4 else { continue }
        try await AgentActionsStage.until { member.metric("rows_total") > 0 }
        try await server.crash()
        try await AgentActionsStage.until { !member.isReady }
        try await server.start()
      }
      try await AgentActionsStage.until {
        member.metric("dead_letters_total") == 30 && member.metric("pending_records") == 0 && member.isReady
      }
      return try await stage.deadLetters(count: 30)
    }
    #expect(letters.count == 30, "an outage dead-letters nothing")
    #expect(try await Set(stage.column("SELECT id::text FROM agent_actions")) == Set(good.map(\.description)))
  }
}
