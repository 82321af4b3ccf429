import OnexCommandLine
import OnexCore
import OnexJSON
import OnexService

/// Dead letters as rows and as JSON.
enum DeadLetterText {
  private static let reasonCharactersMax = 80

  static func table(_ entries: [(entry: DeadLetterEntry, state: ReplayState)]) -> String {
    var table = TextTable(["PLACE", "FAILED AT", "CODE", "STATE", "CORRELATION ID", "ORIGINAL", "REASON"])
    for (entry, state) in entries {
      table.add([
        entry.place.description, entry.failedAt?.rfc3339 ?? "-", entry.code ?? "-", state.word, entry.correlationID ?? "-",
        entry.originalPlace?.description ?? "-", entry.reason.map(cut) ?? "-",
      ])
    }
    return String(table.text.dropLast())
  }

  private static func cut(_ reason: String) -> String {
    reason.count <= reasonCharactersMax ? reason : reason.prefix(reasonCharactersMax - 1) + "…"
  }

  static func json(_ entry: DeadLetterEntry, _ state: ReplayState) -> JSONValue {
    .object(
      JSONObject([
        ("place", .string(entry.place.description)), ("topic", .string(entry.place.topic)),
        ("partition", .integer(entry.place.partition.partition)), ("offset", .integer(entry.place.offset)),
        ("failed_at", string(entry.failedAt?.rfc3339)), ("code", string(entry.code)), ("reason", string(entry.reason)),
        ("correlation_id", string(entry.correlationID)), ("consumer_group", string(entry.consumerGroup)),
        ("original_topic", string(entry.originalTopic)), ("original_place", string(entry.originalPlace?.description)),
        ("state", .string(state.word)), ("replayed_at", string(state.replayedAt?.rfc3339)),
        ("refusal", string(entry.refusal)),
      ]))
  }

  static func string(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

  static func table(_ groups: [DeadLetterTally.Group]) -> String {
    var table = TextTable(["TOPIC", "CODE", "COUNT", "REPLAYED", "OLDEST", "NEWEST"])
    for group in groups {
      table.add([
        group.topic, group.code ?? "-", String(group.count), String(group.replayed), group.oldest?.rfc3339 ?? "-",
        group.newest?.rfc3339 ?? "-",
      ])
    }
    return String(table.text.dropLast())
  }

  static func json(_ groups: [DeadLetterTally.Group]) -> JSONValue {
    .array(
      groups.map { group in
        .object(
          JSONObject([
            ("topic", .string(group.topic)), ("code", string(group.code)), ("count", .integer(group.count)),
            ("replayed", .integer(group.replayed)), ("oldest", string(group.oldest?.rfc3339)),
            ("newest", string(group.newest?.rfc3339)),
          ]))
      })
  }
}
