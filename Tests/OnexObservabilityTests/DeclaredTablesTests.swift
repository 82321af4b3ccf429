import OnexCore
import Testing

@testable import OnexObservability

@Suite struct DeclaredTablesTests {
  private func event(_ members: [(String, JSONValue)]) -> Bytes { JSONValue.object(JSONObject(members)).encoded() }

  private func status(_ changes: [String: JSONValue] = [:]) -> Bytes {
    var members = JSONObject([
      ("correlation_id", .string(Events.id(0).description)), ("agent_name", "planner"), ("session_id", "s"), ("state", "idle"),
      ("message", "waiting"), ("created_at", "2026-11-21T03:48:54Z"),
    ])
    for (name, value) in changes { members[name] = value }
    return JSONValue.object(members).encoded()
  }

  @Test func sevenTopicsHaveATableEach() {
    #expect(ObservabilityTable.all.count == 7)
    #expect(Set(ObservabilityTable.all.map(\.topic)).count == 7 && Set(ObservabilityTable.all.map(\.name)).count == 7)
    for table in ObservabilityTable.all {
      #expect(table.key.allSatisfy { table.index(of: $0) != nil } && table.index(of: table.timeColumn) != nil)
    }
  }

  @Test func aStatusWithoutAnIDHasOneFromItsPlaceAndKnowsWhenItCame() throws {
    let table = ObservabilityTable.agentStatusEvents
    let row = try Events.decode(status(), for: table).get()
    let expected = EnvelopeID(placeOf: Events.record(7, partition: 3))
    #expect(row.value("id", of: table) == .uuid(expected.uuid))
    #expect(row.value("status_schema_version", of: table) == .integer(1))
    #expect(row.value("received_at", of: table) == .timestamp(Events.receivedAt))
    let own = try Events.decode(status(["id": .string(Events.id(5).description), "received_at": "mine"]), for: table).get()
    #expect(own.value("id", of: table) == .uuid(Events.id(5)))
    #expect(own.value("received_at", of: table) == .timestamp(Events.receivedAt))
    #expect(own.metadataJSON == ["extra": ["received_at": "mine"]])
  }

  @Test(arguments: [
    ("0", "0"), ("1", "1"), ("0.5", "0.5"), ("1e-3", "0.001"), ("1.0000000000000000000000000000000000000000000", "1.0"),
  ])
  func fractionsTravelAsTheyAreWritten(_ literal: String, _ expected: String) throws {
    let progress = JSONValue.number(JSONNumber(validatedLiteral: literal))
    let table = ObservabilityTable.agentStatusEvents
    #expect(
      try Events.decode(status(["progress": progress]), for: table).get().value("progress", of: table) == .numeric(expected))
  }

  @Test func aNumberOutOfItsRangeIsNamedWithTheRange() {
    let result = Events.decode(status(["progress": .number(JSONNumber(validatedLiteral: "1.01"))]), for: .agentStatusEvents)
    guard case .failure(let bad) = result else { return #expect(Bool(false), "it is accepted") }
    #expect(bad.cause == .outOfRange && bad.reason == "progress is 1.01, allowed are 0 to 1")
  }

  @Test func withoutNULCharactersARowIsMarked() throws {
    let policy = DecodingPolicy(nulBytes: .strip)
    let row = try Events.decode(Events.action(1, ["result": "a\0b", "extra_field": ["\0k": "x\0"]]), for: .agentActions, policy)
      .get()
    #expect(row.value("result") == .text("ab"))
    #expect(row.metadataJSON == ["extra": ["extra_field": ["k": "x"]], "nul_stripped": true])
    #expect(try Events.decode(Events.action(1), for: .agentActions, policy).get().metadataJSON == [:])
  }

  @Test func aRecordAboveItsLimitIsNotRead() {
    let policy = DecodingPolicy(recordBytesMax: 100)
    guard case .failure(let bad) = Events.decode(Events.action(1), for: .agentActions, policy) else {
      return #expect(Bool(false), "it is accepted")
    }
    #expect(bad.cause == .tooLarge && bad.code == "PAYLOAD_TOO_LARGE" && bad.reason.hasSuffix("at most 100 are allowed"))
  }

  @Test func noStatementMeetsAKeyTwice() throws {
    let table = ObservabilityTable.agentExecutionLogs
    func row(_ id: Int, _ status: String) throws -> Row {
      try Events.decode(
        event([
          ("execution_id", .string(Events.id(id).description)), ("correlation_id", .string(Events.id(0).description)),
          ("agent_name", "a"), ("status", .string(status)), ("created_at", "2025-11-21T03:48:54Z"),
          ("updated_at", "2025-11-21T03:48:54Z"),
        ]), for: table
      ).get()
    }
    let rows = [try row(1, "pending"), try row(2, "pending"), try row(1, "running"), try row(1, "failed")]
    #expect(RowWaves.split(rows[...], of: table).map { Array($0) } == [[rows[0], rows[1]], [rows[2]], [rows[3]]])
    #expect(RowWaves.split(rows[..<2], of: table).count == 1)
    let repeated = try [Events.decode(Events.action(1)).get(), Events.decode(Events.action(1)).get()]
    #expect(RowWaves.split(repeated[...], of: .agentActions).count == 1, "a repeat is ignored by the database")
  }
}
