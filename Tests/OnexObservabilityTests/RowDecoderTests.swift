import OnexCore
import Testing

@testable import OnexObservability

@Suite struct RowDecoderTests {
  @Test func anEventWithTheRequiredFieldsIsARow() throws {
    let row = try Events.decode(Events.action(7)).get()
    #expect(row.value("id") == .uuid(Events.id(7)))
    #expect(row.value("agent_name") == .text("planner"))
    #expect(row.value("created_at") == Timestamp(rfc3339: "2026-11-21T02:48:54.5Z").map { .timestamp($0) })
    #expect(row.value("duration_ms") == .null)
    #expect(row.metadataJSON == [:])
  }

  @Test(arguments: ["id", "correlation_id", "agent_name", "action_type", "action_name", "created_at"])
  func aRequiredFieldMayBeNeitherAbsentNorNull(_ field: String) {
    for event in [Events.action(1, [field: Optional<JSONValue>.none]), Events.action(1, [field: .null])] {
      let bad = Events.badRow(event)
      #expect(bad?.cause == .missingField)
      #expect(bad?.reason == "\(field) is required")
      #expect(bad?.code == "SCHEMA_VIOLATION")
    }
  }

  private static let unfit: [(String, JSONValue, BadRow.Cause)] = [
    ("id", "not-a-uuid", .invalidUUID), ("id", 5, .wrongType),
    ("correlation_id", "123e4567e89b12d3a456426614174000", .invalidUUID), ("agent_name", ["x"], .wrongType),
    ("agent_name", "a\0b", .nulByte), ("created_at", "2026-11-21T03:48:54", .invalidTimestamp),
    ("created_at", "2026-02-30T00:00:00Z", .invalidTimestamp), ("created_at", 1_700_000_000, .wrongType),
    ("duration_ms", 2_147_483_648, .outOfRange), ("duration_ms", -2_147_483_649, .outOfRange),
    ("duration_ms", "12", .wrongType), ("duration_ms", .number(JSONNumber(validatedLiteral: "1.5")), .wrongType),
    ("duration_ms", .number(JSONNumber(validatedLiteral: "1e999")), .outOfRange), ("status", true, .wrongType),
    ("result", "\u{0}", .nulByte), ("metadata", "text", .wrongType), ("metadata", ["a": "\0"], .nulByte),
    ("surprise", [["\0": 1]], .nulByte),
  ]

  @Test(arguments: unfit)
  func aValueThatItsColumnCannotHoldIsNamed(_ field: String, _ value: JSONValue, _ cause: BadRow.Cause) {
    let bad = Events.badRow(Events.action(1, [field: value]))
    #expect(bad?.cause == cause)
    #expect(bad?.reason.contains(field == "surprise" ? "unknown field" : field) == true)
  }

  @Test(arguments: [("agent_name", 255), ("action_type", 50), ("action_name", 255), ("status", 50), ("project_name", 255)])
  func limitsCountCharactersAndAreNeverCutTo(_ field: String, _ limit: Int) throws {
    // Four bytes each: a limit in bytes would refuse these.
    let fits = String(repeating: "🐎", count: limit)
    #expect(try Events.decode(Events.action(1, [field: .string(fits)])).get().value(field) == .text(fits))
    let bad = Events.badRow(Events.action(1, [field: .string(fits + "x")]))
    #expect(bad?.cause == .tooLong)
    #expect(bad?.reason == "\(field) has \(limit + 1) characters, at most \(limit) are allowed")
  }

  @Test(arguments: [("2147483647", Int32.max), ("-2147483648", .min), ("12.0", 12), ("1e3", 1000)])
  func wholeNumbersOf32BitsAreKeptHoweverTheyAreWritten(_ literal: String, _ expected: Int32) throws {
    let number = JSONValue.number(JSONNumber(validatedLiteral: literal))
    #expect(try Events.decode(Events.action(1, ["duration_ms": number])).get().value("duration_ms") == .integer(expected))
  }

  @Test(arguments: ["", "nonsense", "{\"id\":", "\u{FEFF}{}", "{\"a\":1}{\"a\":2}", "{\"id\":1,\"id\":2}"])
  func whatIsNoJSONIsToldApart(_ text: String) {
    #expect(Events.badRow(Bytes(text))?.cause == .invalidJSON)
    #expect(Events.badRow(Bytes(text))?.code == "INVALID_JSON")
  }

  @Test func invalidUTF8IsNoJSON() { #expect(Events.badRow(Bytes([0x7B, 0x22, 0xFF, 0x22, 0x7D]))?.cause == .invalidJSON) }

  @Test func tombstonesAndOtherDocumentsAreNoRows() {
    #expect(Events.badRow(nil)?.cause == .tombstone)
    #expect(Events.badRow("[1]")?.reason == "the event is array, an object is expected")
  }

  @Test func everyProblemIsToldAtOnceWithTheCorrelation() {
    let bad = Events.badRow(Events.action(1, ["id": "x", "agent_name": Optional<JSONValue>.none, "duration_ms": "y"]))
    #expect(bad?.cause == .invalidUUID)
    #expect(bad?.reason.components(";") == 3)
    #expect(bad?.correlationID == CorrelationID(Events.id(0)))
  }

  @Test func fieldsWithoutAColumnAreKeptUnderExtra() throws {
    let row = try Events.decode(
      Events.action(1, ["metadata": ["team": "a"], "new_field": 1, "nested": ["x": [1, 2]]])
    ).get()
    #expect(row.metadataJSON == ["team": "a", "extra": ["new_field": 1, "nested": ["x": [1, 2]]]])
  }

  @Test func anExtraThatTheEventBringsIsKept() throws {
    let merged = try Events.decode(Events.action(1, ["metadata": ["extra": ["a": 1, "b": 1]], "b": 2])).get()
    #expect(merged.metadataJSON == ["extra": ["a": 1, "b": 2]])
    let moved = try Events.decode(Events.action(1, ["metadata": ["extra": "text"], "b": 2])).get()
    #expect(moved.metadataJSON == ["extra": ["extra": "text", "b": 2]])
    let untouched = try Events.decode(Events.action(1, ["metadata": ["extra": "text"]])).get()
    #expect(untouched.metadataJSON == ["extra": "text"])
  }

  @Test func anEventOlderThanItsRowWouldBeKeptIsRefused() throws {
    let policy = DecodingPolicy(retention: .days(["agent_actions": 30]))
    for (time, isKept) in [
      ("1970-01-01T00:00:00Z", false), ("0000-01-01T00:00:00Z", false), ("2025-10-22T04:39:59Z", false),
      ("2025-10-22T04:40:01Z", true),
      ("9999-12-31T23:59:59Z", true),
    ] {
      let event = Events.action(1, ["created_at": .string(time)])
      switch Events.decode(event, for: .agentActions, policy) {
      case .success: #expect(isKept, "\(time)")
      case .failure(let bad):
        #expect(
          !isKept && bad.cause == .expired && bad.code == "EXPIRED" && bad.reason.contains("30 days"), "\(time): \(bad.reason)")
      }
      #expect(throws: Never.self) { try Events.decode(event).get() }
    }
  }

  /// Of two events with one status the later one wins, for good if it comes from the year 9999.
  @Test func aStateFromTheFarFutureIsRefused() throws {
    for (time, isKept) in [
      ("2025-11-21T04:40:00Z", true), ("2025-11-22T04:39:59Z", true), ("2025-11-22T04:40:01Z", false),
      ("9999-12-31T23:59:59Z", false),
    ] {
      let event: JSONValue = [
        "execution_id": "0193a5c8-7f2e-4b61-8a55-0123456789ab", "correlation_id": "0193a5c8-7f2e-4b61-8a55-0123456789ab",
        "agent_name": "a", "status": "completed", "created_at": "2025-11-21T04:40:00Z", "updated_at": .string(time),
      ]
      switch Events.decode(event.encoded(), for: .agentExecutionLogs) {
      case .success: #expect(isKept, "\(time)")
      case .failure(let bad): #expect(!isKept && bad.cause == .outOfRange && bad.reason.contains("a day ahead"), "\(bad.reason)")
      }
    }
  }

  @Test func namesThatDifferInNULCharactersStayTwoMembers() throws {
    let event = Events.action(1, ["metadata": ["a": 1, "a\0": 2, "\0a": 3]])
    let row = try Events.decode(event, for: .agentActions, DecodingPolicy(nulBytes: .strip)).get()
    #expect(row.metadataJSON == ["a": 1, "a#2": 2, "a#3": 3, "nul_stripped": true])
  }

  @Test(arguments: [
    (Int64.min, Int64(0)), (-9_223_372_036_854_775, 0), (.max, 0), (0, .max), (.max, .min), (.min, .max),
  ])
  func anAgeIsNeverNegativeAndNeverTraps(_ time: Int64, _ now: Int64) {
    let age = Age.of(Timestamp(microseconds: time), at: Timestamp(microseconds: now))
    #expect(age >= .zero && (time >= now ? age == .zero : age > .zero))
  }

  @Test func theInsertNamesEveryColumnOnceAndLeavesRepeatsAlone() {
    let insert = Events.table.insert
    #expect(insert.hasPrefix("INSERT INTO agent_actions AS t (id, correlation_id, agent_name, "))
    #expect(insert.contains("$1::uuid[]") && insert.contains("$14::jsonb[]") && !insert.contains("$15"))
    #expect(insert.hasSuffix("ON CONFLICT DO NOTHING"))
  }
}

extension String {
  /// How many parts there are between separators.
  fileprivate func components(_ separator: Character) -> Int { split(separator: separator).count }
}
