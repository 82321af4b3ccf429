import OnexCore

/// Reads one field as its column wants it. The rules are PostgreSQL's, checked here so that the dead letter can name the
/// column and what it allows.
enum FieldReader {
  /// Longer values are not repeated in full in a message.
  private static let shownCharactersMax = 64

  static func value(_ field: JSONValue?, of column: Column) throws(FieldProblem) -> Row.Value {
    guard let field, field != .null else {
      guard !column.isRequired else {
        throw FieldProblem(cause: .missingField, message: "\(column.name) is required")
      }
      return .null
    }
    switch column.kind {
    case .uuid: return .uuid(try uuid(field, column))
    case .text: return .text(try text(field, column))
    case .varchar(let limit): return .text(try text(field, column, limit: limit))
    case .timestamp: return .timestamp(try timestamp(field, column))
    case .integer: return .integer(try integer(field, column))
    }
  }

  private static func string(_ field: JSONValue, _ column: Column, _ expected: String) throws(FieldProblem) -> String {
    guard case .string(let text) = field else {
      throw FieldProblem(cause: .wrongType, message: "\(column.name) is \(field.typeName), \(expected) is expected")
    }
    return text
  }

  private static func text(_ field: JSONValue, _ column: Column, limit: Int? = nil) throws(FieldProblem) -> String {
    let text = try string(field, column, "text")
    guard !hasNUL(text) else {
      throw FieldProblem(cause: .nulByte, message: "\(column.name) contains a NUL character, which PostgreSQL cannot store")
    }
    // PostgreSQL counts code points. Fewer bytes than the limit need no counting.
    if let limit, text.utf8.count > limit, case let count = text.unicodeScalars.count, count > limit {
      throw FieldProblem(
        cause: .tooLong, message: "\(column.name) has \(count) characters, at most \(limit) are allowed")
    }
    return text
  }

  private static func uuid(_ field: JSONValue, _ column: Column) throws(FieldProblem) -> RawUUID {
    let text = try string(field, column, "a UUID")
    guard let uuid = RawUUID(text) else {
      throw FieldProblem(cause: .invalidUUID, message: "\(column.name) is no UUID: \(shown(text))")
    }
    return uuid
  }

  private static func timestamp(_ field: JSONValue, _ column: Column) throws(FieldProblem) -> Timestamp {
    let text = try string(field, column, "a time")
    guard let timestamp = Timestamp(rfc3339: text) else {
      throw FieldProblem(
        cause: .invalidTimestamp,
        message: "\(column.name) is no RFC 3339 time with offset (2026-11-21T03:48:54Z): \(shown(text))")
    }
    return timestamp
  }

  private static func integer(_ field: JSONValue, _ column: Column) throws(FieldProblem) -> Int32 {
    guard case .number(let number) = field else {
      throw FieldProblem(cause: .wrongType, message: "\(column.name) is \(field.typeName), a whole number is expected")
    }
    // Some clients write whole numbers with a fraction of zero.
    let whole = number.integer.map(Double.init) ?? number.double
    guard let whole, whole >= Double(Int32.min), whole <= Double(Int32.max) else {
      throw FieldProblem(
        cause: .outOfRange, message: "\(column.name) is \(number.literal.prefix(32)), allowed are \(Int32.min) to \(Int32.max)")
    }
    guard whole.rounded() == whole else {
      throw FieldProblem(cause: .wrongType, message: "\(column.name) is \(number.literal.prefix(32)), a whole number is expected")
    }
    return Int32(whole)
  }

  static func hasNUL(_ text: String) -> Bool { text.utf8.contains(0) }

  private static func shown(_ text: String) -> String {
    let start = text.prefix(shownCharactersMax)
    return "\"\(start)\(start.endIndex == text.endIndex ? "" : "…")\""
  }
}
