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

  /// The values of `enum`, looked up by hash.
  struct Enumeration: Sendable {
    /// Values that a message names.
    private static let shownMax = 20

    let values: Set<JSONValue>
    /// Arrays or objects are among the values; without them no array and no object needs to be read.
    let hasContainers: Bool
    let message: String

    init(_ values: [JSONValue]) {
      self.values = Set(values)
      hasContainers = values.contains(where: \.isContainer)
      let rest = values.count - Enumeration.shownMax
      let shown = values.prefix(Enumeration.shownMax).map(\.shown).joined(separator: ", ")
      message =
        values.isEmpty
        ? "is not allowed here: its \"enum\" is empty" : "must be one of \(shown)" + (rest > 0 ? " and \(rest) more values" : "")
    }
  }

  struct TextRules: Sendable {
    var lengthMin: Int?
    var lengthMax: Int?
    var format: SchemaFormat?
    var pattern: LinearPattern?
  }

  struct NumberRules: Sendable {
    var minimum: JSONNumber?
    var maximum: JSONNumber?
    var exclusiveMinimum: JSONNumber?
    var exclusiveMaximum: JSONNumber?
    var multipleOf: JSONNumber?
    /// `int32` or `int64`.
    var format: SchemaFormat?
  }

  struct ArrayRules: Sendable {
    var countMin: Int?
    var countMax: Int?
    var isUnique = false
    var prefix: [Int] = []
    var items: Int?
    var contains: Int?
    var containsMin: Int?
    var containsMax: Int?
  }

  /// Members that the schema names have a slot each, so that one look-up a member answers every question about its presence.
  struct ObjectRules: Sendable {
    var countMin: Int?
    var countMax: Int?
    private(set) var slots: [ExactText: Int] = [:]
    private(set) var slotNames: [String] = []
    /// The schema of `properties`, by slot.
    private(set) var properties: [Int?] = []
    /// Slots, in the order of the schema.
    var required: [Int] = []
    var dependentRequired: [(trigger: Int, needed: [Int])] = []
    var dependentSchemas: [(trigger: Int, schema: Int)] = []
    var patterns: [(pattern: LinearPattern, schema: Int)] = []
    var names: Int?
    var additional: Int?
    /// `additionalProperties: false`, kept apart for the sake of its message.
    var isClosed = false
    /// The names of `properties` in order, for suggestions.
    var knownNames: [String] = []

    mutating func slot(_ name: String) -> Int {
      let key = ExactText(name)
      if let slot = slots[key] { return slot }
      slots[key] = slotNames.count
      slotNames.append(name)
      properties.append(nil)
      return slotNames.count - 1
    }

    mutating func setProperty(_ name: String, _ schema: Int) { properties[slot(name)] = schema }

    /// The presence of members matters, not only their values.
    var asksForPresence: Bool { !required.isEmpty || !dependentRequired.isEmpty || !dependentSchemas.isEmpty }
  }

  /// Alternatives, and the member each asks for when that is all they ask (`{"required": ["text"]}`).
  struct Alternatives: Sendable {
    var nodes: [Int]
    /// As a message quotes them.
    var memberNames: String?
  }

  let index: Int
  /// The schema `false`.
  var isNever = false
  var types: Types?
  var enumeration: Enumeration?
  var constant: JSONValue?
  var text: Boxed<TextRules>?
  var number: Boxed<NumberRules>?
  var array: Boxed<ArrayRules>?
  var object: Boxed<ObjectRules>?
  var reference: Int?
  var allOf: [Int] = []
  var anyOf: Alternatives?
  var oneOf: Alternatives?
  var not: Int?
  var condition: Int?
  var consequence: Int?
  var alternative: Int?
  var unevaluatedItems: Int?
  var unevaluatedProperties: Int?
  /// The author's `description` (or `title`), which says better than any rule what a `not` forbids.
  var summary: String?

  init(index: Int) { self.index = index }

  /// The subschemas that apply to the same value.
  var inPlace: [Int] {
    allOf + (anyOf?.nodes ?? []) + (oneOf?.nodes ?? []) + (object?.value.dependentSchemas.map(\.schema) ?? [])
      + [not, reference, condition, consequence, alternative].compactMap { $0 }
  }
}

/// Rules behind a reference: a check calls itself for each level of a document, on threads with small stacks, and must not hold copies of
/// them there.
final class Boxed<Value: Sendable>: Sendable {
  let value: Value

  init(_ value: Value) { self.value = value }
}

/// A finished node behind a reference: copying one for each value that is checked would retain a dozen fields.
final class SchemaNodeReference: Sendable {
  let node: SchemaNode

  init(_ node: SchemaNode) { self.node = node }
}

extension JSONValue {
  /// A value of the schema, for messages.
  var shown: String {
    switch self {
    case .string(let text): "\"\(SchemaCheck.shortened(text))\""
    case .number(let number): SchemaCheck.shortened(number.literal)
    case .boolean(let value): "\(value)"
    case .null: "null"
    case .array: "a certain array"
    case .object: "a certain object"
    }
  }
}
