import OnexCore
import OnexJSON

@testable import OnexObservability

/// Events of a table, good and bad, made from its description.
struct PoisonMatrix {
  /// A record that is no row, and what the dead letter must say.
  struct Poison: Sendable {
    let name: String
    let value: Bytes?
    let reason: String
    var code = "SCHEMA_VIOLATION"
  }

  let table: ObservabilityTable
  private let ids = RandomIDSource()

  /// A valid event with every field.
  func event(_ changes: [String: JSONValue] = [:]) -> JSONObject {
    var event = JSONObject()
    for column in table.columns where column.source != .received { event[column.name] = sample(column) }
    for (name, value) in changes { event[name] = value }
    return event
  }

  private func sample(_ column: Column) -> JSONValue {
    switch column.kind {
    case .uuid: .string(ids.next().description)
    case .text: .string("some \(column.name)")
    case .varchar(let limit): .string(String(repeating: "ä", count: limit))
    case .choice(let choices): .string(choices[0])
    case .timestamp: "2026-11-21T03:48:54.123456+01:00"
    case .integer: 2_147_483_647
    case .numeric(_, _, let bounds): .number(JSONNumber(validatedLiteral: bounds.upper == 1 ? "0.25" : "123456789.125"))
    case .json(.arrayOfStrings): ["a", "b"]
    case .json(.objectOfStrings): ["a": "b"]
    case .json(.anything): ["a": [1, .null]]
    }
  }

  /// Everything that can be wrong with one event of this table.
  var poisons: [Poison] {
    var poisons = [
      Poison(name: "tombstone", value: nil, reason: "tombstone", code: "TOMBSTONE"),
      Poison(name: "no JSON", value: "{\"id\":", reason: "JSON", code: "INVALID_JSON"),
      Poison(name: "invalid UTF-8", value: Bytes([0x7B, 0x22, 0xFF, 0x22, 0x7D]), reason: "UTF-8", code: "INVALID_JSON"),
      Poison(name: "no object", value: "[]", reason: "an object is expected"),
      Poison(
        name: "too large", value: encoded(["filler": .string(String(repeating: "x", count: DecodingPolicy.recordBytesDefault))]),
        reason: "at most \(DecodingPolicy.recordBytesDefault) are allowed", code: "PAYLOAD_TOO_LARGE"),
      Poison(
        name: "lone surrogate", value: encoded(["surprise": "@"]).text.replacingLast("@", with: "\\ud800"), reason: "JSON",
        code: "INVALID_JSON"),
      Poison(
        name: "number with too many digits for jsonb",
        value: encoded(["surprise": .number(JSONNumber(validatedLiteral: "1e131072"))]), reason: "22003"),
      Poison(name: "NUL in a name", value: encoded(["sur\0prise": 1]), reason: "unknown field contains a NUL"),
      Poison(name: "NUL in an unknown field", value: encoded(["surprise": "a\0b"]), reason: "unknown field contains a NUL"),
      Poison(
        name: "number that jsonb cannot hold",
        value: encoded(["surprise": .number(JSONNumber(validatedLiteral: "1e999999"))]), reason: "22003"),
    ]
    for column in table.columns where column.source != .received { poisons += self.poisons(column) }
    return poisons
  }

  private func poisons(_ column: Column) -> [Poison] {
    let name = column.name
    func bad(_ what: String, _ value: JSONValue, _ reason: String) -> Poison {
      Poison(name: "\(name): \(what)", value: encoded([name: value]), reason: reason)
    }
    var poisons = [bad("of another type", true, name)]
    if case .json(.anything) = column.kind { poisons = [] }
    if column.isRequired { poisons.append(bad("missing", .null, "\(name) is required")) }
    switch column.kind {
    case .uuid: poisons.append(bad("no UUID", "123", "\(name) is no UUID"))
    case .text: poisons.append(bad("NUL", "a\0b", "\(name) contains a NUL"))
    case .varchar(let limit):
      poisons.append(
        bad(
          "too long", .string(String(repeating: "ä", count: limit + 1)), "\(name) has \(limit + 1) characters, at most \(limit)"))
    case .choice: poisons.append(bad("unheard of", "sleeping", "\(name) is \"sleeping\", allowed are"))
    case .timestamp: poisons.append(bad("no offset", "2026-11-21T03:48:54", "\(name) is no RFC 3339 time"))
    case .integer: poisons.append(bad("out of range", 2_147_483_648, "\(name) is 2147483648, allowed are"))
    case .numeric:
      poisons.append(bad("out of range", 1_000_000_000, "\(name) is 1000000000, allowed are"))
    case .json(.anything): poisons.append(bad("NUL", ["a\0"], "\(name) contains a NUL"))
    case .json: poisons.append(bad("other elements", [1], name))
    }
    return poisons
  }

  private func encoded(_ changes: [String: JSONValue]) -> Bytes { JSONValue.object(event(changes)).encoded() }
}

extension String {
  /// As bytes, with the last occurrence of a character replaced.
  fileprivate func replacingLast(_ character: Character, with text: String) -> Bytes {
    guard let index = lastIndex(of: character) else { return Bytes(self) }
    return Bytes(self[..<index] + text + self[self.index(after: index)...])
  }
}
