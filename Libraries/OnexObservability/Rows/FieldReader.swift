import OnexCore

/// Reads one event's fields as their columns want them. The rules are PostgreSQL's, checked here so that the dead letter can name
/// the column and what it allows.
struct FieldReader {
  /// Longer values are not repeated in full in a message.
  private static let shownCharactersMax = 64
  /// Longer number literals travel as the nearest double.
  private static let literalCharactersMax = 40

  let policy: DecodingPolicy
  let redactor: Redactor
  let budget: DecodingBudget
  /// A NUL character was left out.
  private(set) var hasStripped = false

  init(policy: DecodingPolicy, redactor: Redactor, budget: DecodingBudget) {
    self.policy = policy
    self.redactor = redactor
    self.budget = budget
  }

  mutating func value(_ field: JSONValue?, of column: Column) throws(FieldProblem) -> Row.Value {
    guard let field, field != .null else {
      switch column.source {
      case .required: throw FieldProblem(cause: .missingField, message: "\(column.name) is required")
      case .defaulting(let number): return .integer(number)
      case .optional, .derivedID, .received: return .null
      }
    }
    switch column.kind {
    case .uuid: return .uuid(try uuid(field, column))
    case .text: return .text(try text(field, column))
    case .varchar(let limit): return .text(try text(field, column, limit: limit))
    case .choice(let choices): return .text(try choice(field, column, of: choices))
    case .timestamp: return .timestamp(try timestamp(field, column))
    case .integer: return .integer(try integer(field, column))
    case .numeric(_, _, let bounds): return .numeric(try number(field, column, in: bounds))
    case .json(let shape): return .json(try document(field, column, shape))
    }
  }

  private func string(_ field: JSONValue, _ column: Column, _ expected: String) throws(FieldProblem) -> String {
    guard case .string(let text) = field else {
      throw FieldProblem(cause: .wrongType, message: "\(column.name) is \(field.typeName), \(expected) is expected")
    }
    return text
  }

  private mutating func text(_ field: JSONValue, _ column: Column, limit: Int? = nil) throws(FieldProblem) -> String {
    var text = try string(field, column, "text")
    if let stripped = try withoutNUL(.string(text), column.name)?.string { text = stripped }
    // PostgreSQL counts code points. Fewer bytes than the limit need no counting.
    if let limit, text.utf8.count > limit, case let count = text.unicodeScalars.count, count > limit {
      throw FieldProblem(
        cause: .tooLong, message: "\(column.name) has \(count) characters, at most \(limit) are allowed")
    }
    guard policy.redaction.covers(column) else { return text }
    try budget.check(text.utf8.count)
    guard let redacted = redactor.redacted(text) else { return text }
    return limit.map { FieldReader.fitting(redacted, $0) } ?? redacted
  }

  /// The beginning of a text that a mark has made longer than its column.
  private static func fitting(_ redacted: String, _ limit: Int) -> String {
    guard redacted.utf8.count > limit, redacted.unicodeScalars.count > limit else { return redacted }
    var scalars = String.UnicodeScalarView()
    scalars.append(contentsOf: redacted.unicodeScalars.prefix(limit - 1))
    scalars.append("\u{2026}")
    return String(scalars)
  }

  private mutating func choice(_ field: JSONValue, _ column: Column, of choices: [String]) throws(FieldProblem) -> String {
    let text = try text(field, column)
    guard choices.contains(text) else {
      throw FieldProblem(
        cause: .outOfRange,
        message: "\(column.name) is \(FieldReader.shown(text)), allowed are \(choices.joined(separator: ", "))")
    }
    return text
  }

  private func uuid(_ field: JSONValue, _ column: Column) throws(FieldProblem) -> RawUUID {
    let text = try string(field, column, "a UUID")
    guard let uuid = RawUUID(text) else {
      throw FieldProblem(cause: .invalidUUID, message: "\(column.name) is no UUID: \(FieldReader.shown(text))")
    }
    return uuid
  }

  private func timestamp(_ field: JSONValue, _ column: Column) throws(FieldProblem) -> Timestamp {
    let text = try string(field, column, "a time")
    guard let timestamp = Timestamp(rfc3339: text) else {
      throw FieldProblem(
        cause: .invalidTimestamp,
        message: "\(column.name) is no RFC 3339 time with offset (2026-11-21T03:48:54Z): \(FieldReader.shown(text))")
    }
    return timestamp
  }

  private func integer(_ field: JSONValue, _ column: Column) throws(FieldProblem) -> Int32 {
    guard case .number(let number) = field else {
      throw FieldProblem(cause: .wrongType, message: "\(column.name) is \(field.typeName), a whole number is expected")
    }
    // Some clients write whole numbers with a fraction of zero.
    guard number.isWhole else {
      throw FieldProblem(cause: .wrongType, message: "\(column.name) is \(number.literal.prefix(32)), a whole number is expected")
    }
    guard let value = number.integer.flatMap({ Int32(exactly: $0) }) else {
      throw FieldProblem(
        cause: .outOfRange, message: "\(column.name) is \(number.literal.prefix(32)), allowed are \(Int32.min) to \(Int32.max)")
    }
    return value
  }

  private func number(_ field: JSONValue, _ column: Column, in bounds: Column.Bounds) throws(FieldProblem) -> String {
    guard case .number(let number) = field else {
      throw FieldProblem(cause: .wrongType, message: "\(column.name) is \(field.typeName), a number is expected")
    }
    guard let double = number.double, double >= bounds.lower, double <= bounds.upper else {
      throw FieldProblem(
        cause: .outOfRange, message: "\(column.name) is \(number.literal.prefix(32)), allowed are \(bounds.text)")
    }
    let isPlain =
      number.literal.utf8.count <= FieldReader.literalCharactersMax && !number.literal.utf8.contains { $0 | 0x20 == 0x65 }
    return isPlain ? number.literal : "\(double)"
  }

  private mutating func document(
    _ field: JSONValue, _ column: Column, _ shape: Column.Shape
  ) throws(FieldProblem) -> Bytes {
    switch shape {
    case .arrayOfStrings where field.array?.allSatisfy { $0.string != nil } != true:
      throw FieldProblem(cause: .wrongType, message: "\(column.name) is no array of texts")
    case .objectOfStrings where field.object?.members.allSatisfy { $0.value.string != nil } != true:
      throw FieldProblem(cause: .wrongType, message: "\(column.name) is no object whose members are texts")
    default: break
    }
    let value = try withoutNUL(field, column.name) ?? field
    return (policy.redaction.covers(column) ? try redactor.redacted(value, budget) ?? value : value).encoded()
  }

  /// - Returns: the value without NUL characters; `nil` when it has none.
  mutating func withoutNUL(_ value: JSONValue, _ name: String) throws(FieldProblem) -> JSONValue? {
    guard NULCharacters.occur(in: value) else { return nil }
    guard policy.nulBytes == .strip else {
      throw FieldProblem(cause: .nulByte, message: "\(name) contains a NUL character, which PostgreSQL cannot store")
    }
    hasStripped = true
    return NULCharacters.stripped(value)
  }

  private static func shown(_ text: String) -> String {
    let start = text.prefix(shownCharactersMax)
    return "\"\(start)\(start.endIndex == text.endIndex ? "" : "…")\""
  }
}
