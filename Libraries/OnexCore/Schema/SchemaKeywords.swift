/// The keywords of the subset, one by one (JSON Schema 2020-12, core sections 8 to 11 and validation section 6).
extension SchemaCompiler {
  /// Every keyword that may be written, for suggestions.
  static let keywords = [
    "$comment", "$defs", "$id", "$ref", "$schema", "additionalProperties", "allOf", "anyOf", "const", "default", "deprecated",
    "description", "enum", "examples", "exclusiveMaximum", "exclusiveMinimum", "format", "items", "maxItems", "maxLength",
    "maxProperties", "maximum", "minItems", "minLength", "minProperties", "minimum", "multipleOf", "not", "oneOf", "pattern",
    "prefixItems", "properties", "readOnly", "required", "title", "type", "uniqueItems", "writeOnly",
  ]

  mutating func keyword(_ name: String, _ value: JSONValue, _ at: JSONPointer, _ node: inout SchemaNode) {
    switch name {
    case "$comment", "$id", "$schema", "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly":
      break  // Annotations: they say something to people and assert nothing.
    case "type": node.types = types(value, at)
    case "enum": node.enumeration = nonEmptyArray(value, at)
    case "const": node.constant = value
    case "$ref": refer(from: node.index, to: value, at)
    case "$defs": _ = schemas(value, at)
    case "allOf": node.allOf = schemaList(value, at)
    case "anyOf": node.anyOf = alternatives(value, at)
    case "oneOf": node.oneOf = alternatives(value, at)
    case "not": node.not = schema(value, at: at)
    case "minLength", "maxLength", "format", "pattern": textKeyword(name, value, at, &node.text)
    case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf":
      numberKeyword(name, value, at, &node.number)
    case "items", "prefixItems", "minItems", "maxItems", "uniqueItems": arrayKeyword(name, value, at, &node.array)
    case "properties", "required", "additionalProperties", "minProperties", "maxProperties":
      objectKeyword(name, value, at, &node.object)
    default: unknown(name, at)
    }
  }

  private mutating func textKeyword(
    _ name: String, _ value: JSONValue, _ at: JSONPointer, _ rules: inout SchemaNode.TextRules?
  ) {
    var changed = rules ?? SchemaNode.TextRules()
    switch name {
    case "minLength": changed.lengthMin = count(value, at)
    case "maxLength": changed.lengthMax = count(value, at)
    case "format":
      changed.format = value.string.flatMap { SchemaNode.Format(rawValue: $0) }
      if changed.format == nil {
        let allowed = SchemaNode.Format.allCases.map(\.rawValue).joined(separator: ", ")
        invalid(at, "only these formats are checked, so only these are accepted: \(allowed)")
      }
    default:
      guard let text = value.string else { return invalid(at, "must be a string") }
      do {
        changed.pattern = try LinearPattern(text)
      } catch {
        invalid(at, error.description)
      }
    }
    rules = changed
  }

  private mutating func numberKeyword(
    _ name: String, _ value: JSONValue, _ at: JSONPointer, _ rules: inout SchemaNode.NumberRules?
  ) {
    guard let number = value.number, number.double != nil else { return invalid(at, "must be a number") }
    var changed = rules ?? SchemaNode.NumberRules()
    switch name {
    case "minimum": changed.minimum = number
    case "maximum": changed.maximum = number
    case "exclusiveMinimum": changed.exclusiveMinimum = number
    case "exclusiveMaximum": changed.exclusiveMaximum = number
    default:
      guard number.double ?? 0 > 0 else { return invalid(at, "must be a number above 0") }
      changed.multipleOf = number
    }
    rules = changed
  }

  private mutating func arrayKeyword(
    _ name: String, _ value: JSONValue, _ at: JSONPointer, _ rules: inout SchemaNode.ArrayRules?
  ) {
    var changed = rules ?? SchemaNode.ArrayRules()
    switch name {
    case "items": changed.items = schema(value, at: at)
    case "prefixItems": changed.prefix = schemaList(value, at)
    case "minItems": changed.countMin = count(value, at)
    case "maxItems": changed.countMax = count(value, at)
    default:
      guard let isUnique = value.boolean else { return invalid(at, "must be true or false") }
      changed.isUnique = isUnique
    }
    rules = changed
  }

  private mutating func objectKeyword(
    _ name: String, _ value: JSONValue, _ at: JSONPointer, _ rules: inout SchemaNode.ObjectRules?
  ) {
    var changed = rules ?? SchemaNode.ObjectRules()
    switch name {
    case "properties": changed.properties = schemas(value, at)
    case "additionalProperties":
      changed.additional = schema(value, at: at)
      changed.isClosed = value == .boolean(false)
    case "minProperties": changed.countMin = count(value, at)
    case "maxProperties": changed.countMax = count(value, at)
    default:
      let names = value.array?.compactMap(\.string)
      guard let names, names.count == value.array?.count, Set(names).count == names.count else {
        return invalid(at, "must be an array of different strings")
      }
      changed.required = names
    }
    rules = changed
  }

  private mutating func types(_ value: JSONValue, _ at: JSONPointer) -> SchemaNode.Types? {
    let names = value.string.map { [$0] } ?? value.array?.compactMap(\.string) ?? []
    var types: SchemaNode.Types = []
    for name in names {
      guard let type = SchemaNode.Types.named.first(where: { $0.name == name })?.type else { continue }
      types.insert(type)
    }
    let given = value.array?.count ?? 1
    guard !names.isEmpty, names.count == given, types.rawValue.nonzeroBitCount == given else {
      let allowed = SchemaNode.Types.named.map(\.name).joined(separator: ", ")
      invalid(at, "must be one of, or an array of different ones of: \(allowed)")
      return nil
    }
    return types
  }

  private mutating func count(_ value: JSONValue, _ at: JSONPointer) -> Int? {
    if let double = value.double, double >= 0, double <= 9_007_199_254_740_992, double.rounded() == double {
      return Int(double)
    }
    invalid(at, "must be an integer of 0 or more")
    return nil
  }

  private mutating func nonEmptyArray(_ value: JSONValue, _ at: JSONPointer) -> [JSONValue]? {
    if let array = value.array, !array.isEmpty { return array }
    invalid(at, "must be an array with at least one element")
    return nil
  }

  private mutating func schemaList(_ value: JSONValue, _ at: JSONPointer) -> [Int] {
    (nonEmptyArray(value, at) ?? []).enumerated().map { index, element in schema(element, at: at.appending(index)) }
  }

  private mutating func schemas(_ value: JSONValue, _ at: JSONPointer) -> [String: Int] {
    guard let object = value.object else {
      invalid(at, "must be an object of schemas")
      return [:]
    }
    var schemas: [String: Int] = [:]
    for member in object.members { schemas[member.name] = schema(member.value, at: at.appending(member.name)) }
    return schemas
  }

  private mutating func alternatives(_ value: JSONValue, _ at: JSONPointer) -> SchemaNode.Alternatives {
    let names = value.array?.compactMap { element -> String? in
      guard let object = element.object, object.count == 1, let required = object["required"]?.array, required.count == 1
      else { return nil }
      return required[0].string
    }
    let isPlain = names?.count == value.array?.count
    return SchemaNode.Alternatives(nodes: schemaList(value, at), memberNames: isPlain ? names : nil)
  }
}
