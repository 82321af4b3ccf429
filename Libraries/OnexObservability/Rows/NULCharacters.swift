import OnexCore

/// NUL characters in a JSON value, which PostgreSQL cannot store. Recursion is bounded by the parser's depth.
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
    case .string(let text): return .string(stripped(text))
    case .array(let elements): return .array(elements.map(stripped))
    case .object(let object):
      // `"a"` and `"a\0"` stay two members.
      var names = UniqueNames(object)
      return .object(
        JSONObject(
          object.members.map { member in
            let name = member.name.utf8.contains(0) ? names.unique(stripped(member.name)) : member.name
            return (name, stripped(member.value))
          }))
    case .null, .boolean, .number: return value
    }
  }

  private static func stripped(_ text: String) -> String { String(decoding: text.utf8.filter { $0 != 0 }, as: UTF8.self) }
}
