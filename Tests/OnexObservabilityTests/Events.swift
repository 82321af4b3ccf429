import OnexCore
import OnexJSON

@testable import OnexObservability

/// Events and records as tests need them.
enum Events {
  static let table = ObservabilityTable.agentActions

  static func id(_ number: Int) -> RawUUID { RawUUID(high: 0x4000, low: 0x8000_0000_0000_0000 | UInt64(number)) }

  /// A valid event with every required field; `changes` replaces members, `nil` removes one.
  static func action(_ number: Int = 1, _ changes: [String: JSONValue?] = [:]) -> Bytes {
    var event = JSONObject([
      ("id", .string(id(number).description)), ("correlation_id", .string(id(0).description)), ("agent_name", "planner"),
      ("action_type", "tool_call"), ("action_name", "search"), ("created_at", "2026-11-21T03:48:54.5+01:00"),
    ])
    for (name, value) in changes { event[name] = value }
    return JSONValue.object(event).encoded()
  }

  static func record(
    _ offset: Int64, topic: String = Topics.agentActions, partition: Int32 = 0, value: Bytes? = action()
  ) -> ConsumedRecord {
    ConsumedRecord(
      source: TopicPartition(topic, partition), offset: offset, key: nil, value: value, timestamp: Timestamp(milliseconds: offset)
    )
  }

  static let receivedAt = Timestamp(milliseconds: 1_763_700_000_000)

  static func decode(
    _ value: Bytes?, for table: ObservabilityTable = table, _ policy: DecodingPolicy = DecodingPolicy()
  ) -> Result<Row, BadRow> {
    var decoder = RowDecoder(policy)
    do throws(BadRow) {
      return .success(try decoder.decode(record(7, partition: 3, value: value), for: table, receivedAt: receivedAt))
    } catch {
      return .failure(error)
    }
  }

  static func badRow(_ value: Bytes?) -> BadRow? {
    if case .failure(let bad) = decode(value) { bad } else { nil }
  }
}

extension Row {
  func value(_ column: String, of table: ObservabilityTable = Events.table) -> Value? {
    table.index(of: column).map { values[$0] }
  }

  var metadataJSON: JSONValue? { try? JSONValue.parse(metadata) }
}
