import OnexCore
import OnexTestSupport

/// What agents report: good events for every table, repeats, bad records of every kind. One seed and one time always give the same.
struct ReportSource {
  /// Of a hundred records.
  private static let repeated = 4
  private static let bad = 4
  /// Repeats are of something among so many events.
  private static let remembered = 400
  private static let keys = 48

  private var random: SplitMix
  private let start: Timestamp
  private var count = 0
  private var recent: [Report] = []
  private var executions: ExecutionStories

  /// - Parameter start: when the first event happened.
  init(seed: UInt64, start: Timestamp) {
    random = SplitMix(seed: seed)
    self.start = start
    executions = ExecutionStories(seed: ~seed)
  }

  mutating func next() -> Report {
    defer { count += 1 }
    let key = "key-\(random.next(below: ReportSource.keys))"
    let die = random.next(below: 100)
    if die < ReportSource.repeated, !recent.isEmpty {
      let old = recent[random.next(below: recent.count)]
      return Report(tag: count, table: old.table, key: key, value: old.value, outcome: old.outcome)
    }
    let table = ObservedTable.allCases[random.next(below: ObservedTable.allCases.count)]
    if die < ReportSource.repeated + ReportSource.bad { return spoilt(table, key) }
    var event = event(table)
    let value = JSONValue.object(event).encoded()
    // What has no column is kept, see docs/reference/observability.md.
    if let mood = event["mood"] {
      event["mood"] = nil
      event["metadata"] = ["extra": ["mood": mood]]
    }
    if event["metadata"] == nil { event["metadata"] = .object(JSONObject()) }
    if table == .statusEvents, event["status_schema_version"] == nil { event["status_schema_version"] = 1 }
    let report = Report(tag: count, table: table, key: key, value: value, outcome: .row(event))
    remember(report)
    return report
  }

  private mutating func remember(_ report: Report) {
    if recent.count < ReportSource.remembered {
      recent.append(report)
    } else {
      recent[random.next(below: recent.count)] = report
    }
  }

  private mutating func event(_ table: ObservedTable) -> JSONObject {
    if table == .executionLogs { return executions.next(at: time(), number: count) }
    var event = columns(table)
    // Some come without an id: it follows from the record's place then.
    if table == .statusEvents, random.next(below: 4) == 0 { event[table.key] = nil }
    if random.next(below: 8) == 0 { event["mood"] = ["level": .integer(count % 10)] }
    return event
  }

  // MARK: - Good events

  private mutating func id() -> JSONValue { .string(RawUUID(random: random.next(), random.next()).description) }

  /// In the way in which PostgreSQL gives it back.
  private func time() -> JSONValue {
    // A last digit of zero would be left out there.
    let time = start + .microseconds(count * 1000 + 1 + count % 9)
    return .string(String(time.rfc3339.dropLast()) + "+00:00")
  }

  private func number(_ literal: String) -> JSONValue { .number(JSONNumber(validatedLiteral: literal)) }

  private mutating func columns(_ table: ObservedTable) -> JSONObject {
    var event: JSONObject = JSONObject([("correlation_id", id()), ("created_at", time())])
    if table != .detectionFailures { event["id"] = id() }
    let own: [(String, JSONValue)] =
      switch table {
      case .agentActions:
        [
          ("agent_name", "planner"), ("action_type", "tool_call"), ("action_name", .string("search \(count)")),
          ("duration_ms", .integer(count % 900)), ("result", .string("hits: \(count % 7)")), ("project_path", "/srv/project"),
        ]
      case .routingDecisions:
        [
          ("selected_agent", .string("agent \(count % 11)")), ("confidence_score", number("0.25")),
          ("alternatives", ["first", .string("other \(count % 3)")]), ("routing_reason", "it is the nearest"),
        ]
      case .transformationEvents:
        [("source_agent", "planner"), ("target_agent", .string("writer \(count % 5)")), ("trigger", "asked to")]
      case .performanceMetrics:
        [
          ("metric_name", "routing"), ("metric_value", number("\(count % 1000).125")), ("unit", "ms"),
          ("labels", ["place": .string("p\(count % 4)")]),
        ]
      case .detectionFailures:
        [
          ("failure_reason", .string("nobody knows \(count)")), ("attempted_patterns", [["a": .integer(count % 6)], .null]),
          ("error_code", "NONE"),
        ]
      case .statusEvents:
        [
          ("agent_name", "planner"), ("session_id", .string("session \(count)")), ("state", "working"),
          ("message", "going on"), ("progress", number("0.5")),
        ]
      case .executionLogs: []
      }
    for (name, value) in own { event[name] = value }
    return event
  }

  // MARK: - Bad records

  private mutating func spoilt(_ table: ObservedTable, _ key: String) -> Report {
    var event = table == .executionLogs ? executions.single(at: time(), id: id()) : columns(table)
    func report(_ code: String, _ reason: String, _ value: Bytes?) -> Report {
      Report(tag: count, table: table, key: key, value: value, outcome: .letter(code: code, reason: reason))
    }
    func violation(_ reason: String) -> Report { report("SCHEMA_VIOLATION", reason, JSONValue.object(event).encoded()) }
    switch random.next(below: 7) {
    case 0: return report("TOMBSTONE", "tombstone", nil)
    case 1: return report("INVALID_JSON", "", JSONValue.object(event).encoded().text.dropLast().bytes)
    case 2:
      event["created_at"] = nil
      return violation("created_at is required")
    case 3:
      event["correlation_id"] = "123"
      return violation("correlation_id is no UUID")
    case 4:
      event["mood"] = "a\0b"
      return violation("contains a NUL")
    case 5:
      // Only PostgreSQL sees that.
      event["mood"] = number("1e999999")
      return violation("22003")
    default:
      event[table.limited ?? "error_code"] = .string(String(repeating: "ä", count: 256))
      return violation("has 256 characters")
    }
  }
}

extension Substring {
  fileprivate var bytes: Bytes { Bytes(self) }
}
