/// One subschema, compiled. Other subschemas are named by their index, since they may refer to each other in circles.
struct SchemaNode: Sendable {
  struct Types: OptionSet, Sendable {
    let rawValue: UInt8

    static let null = Types(rawValue: 1)
    static let boolean = Types(rawValue: 2)
    static let integer = Types(rawValue: 4)
    static let number = Types(rawValue: 8)
    static let string = Types(rawValue: 16)
    static let array = Types(rawValue: 32)
    static let object = Types(rawValue: 64)

    static let named: [(name: String, type: Types)] = [
      ("null", .null), ("boolean", .boolean), ("integer", .integer), ("number", .number), ("string", .string),
      ("array", .array), ("object", .object),
    ]

    var names: String { Types.named.filter { contains($0.type) }.map(\.name).joined(separator: " or ") }
  }

  enum Format: String, Sendable, CaseIterable {
    case uuid
    case dateTime = "date-time"
  }

  struct TextRules: Sendable {
    var lengthMin: Int?
    var lengthMax: Int?
    var format: Format?
    var pattern: LinearPattern?
  }

  struct NumberRules: Sendable {
    var minimum: JSONNumber?
    var maximum: JSONNumber?
    var exclusiveMinimum: JSONNumber?
    var exclusiveMaximum: JSONNumber?
    var multipleOf: JSONNumber?
  }

  struct ArrayRules: Sendable {
    var countMin: Int?
    var countMax: Int?
    var isUnique = false
    var prefix: [Int] = []
    var items: Int?
  }

  struct ObjectRules: Sendable {
    var countMin: Int?
    var countMax: Int?
    var required: [String] = []
    var properties: [String: Int] = [:]
    var additional: Int?
    /// `additionalProperties: false`, told apart for the sake of its message.
    var isClosed = false
  }

  /// Alternatives, and the member each asks for when that is all they ask (`{"required": ["text"]}`).
  struct Alternatives: Sendable {
    var nodes: [Int]
    var memberNames: [String]?
  }

  let index: Int
  /// The schema `false`.
  var isNever = false
  var types: Types?
  var enumeration: [JSONValue]?
  var constant: JSONValue?
  var text: TextRules?
  var number: NumberRules?
  var array: ArrayRules?
  var object: ObjectRules?
  var reference: Int?
  var allOf: [Int] = []
  var anyOf: Alternatives?
  var oneOf: Alternatives?
  var not: Int?
  /// The author's `description` (or `title`), which says better than any rule what a `not` forbids.
  var summary: String?

  init(index: Int) { self.index = index }

  /// The subschemas that apply to the same value.
  var inPlace: [Int] {
    allOf + (anyOf?.nodes ?? []) + (oneOf?.nodes ?? []) + [not, reference].compactMap { $0 }
  }
}

/// A finished node behind a reference: copying one for each value that is checked would retain a dozen fields.
final class SchemaNodeReference: Sendable {
  let node: SchemaNode

  init(_ node: SchemaNode) { self.node = node }
}
