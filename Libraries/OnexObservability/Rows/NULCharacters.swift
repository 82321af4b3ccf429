import OnexCore

/// NUL characters in a JSON value. Recursion is bounded by the parser's depth.
enum NULCharacters {
  static func occur(in value: JSONValue) -> Bool {
    switch value {
    case .string(let text): text.utf8.contains(0)
    case .array(let elements): elements.contains(where: occur)
    case .object(let object): object.members.contains { $0.name.utf8.contains(0) || occur(in: $0.value) }
    case .null, .boolean, .number: false
    }
  }

  static func stripped(_ value: JSONValue) -> JSONValue {
    switch value {
    case .string(let text): .string(stripped(text))
    case .array(let elements): .array(elements.map(stripped))
    case .object(let object): .object(JSONObject(object.members.map { (stripped($0.name), stripped($0.value)) }))
    case .null, .boolean, .number: value
    }
  }

  private static func stripped(_ text: String) -> String { String(decoding: text.utf8.filter { $0 != 0 }, as: UTF8.self) }
}
