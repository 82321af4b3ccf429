/// The keywords, one by one (JSON Schema 2020-12, core sections 7 to 11 and validation sections 6 to 9).
extension SchemaCompiler {
  /// Keywords that are checked or that lead to subschemas.
  private static let checked = [
    "$anchor", "$defs", "$id", "$ref", "$schema", "additionalProperties", "allOf", "anyOf", "const", "contains", "contentSchema",
    "definitions",
    "dependentRequired", "dependentSchemas", "else", "enum", "exclusiveMaximum", "exclusiveMinimum", "format", "if", "items",
    "maxContains", "maxItems", "maxLength", "maxProperties", "maximum", "minContains", "minItems", "minLength", "minProperties",
    "minimum", "multipleOf", "not", "oneOf", "pattern", "patternProperties", "prefixItems", "properties", "propertyNames",
    "required", "then", "type", "unevaluatedItems", "unevaluatedProperties", "uniqueItems",
  ]

  /// Keywords that describe and assert nothing: those of the draft, and those of OpenAPI's schema objects.
  private static let annotations: Set<String> = [
    "$comment", "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "contentMediaType",
    "contentEncoding", "discriminator", "xml", "externalDocs", "example", "nullable",
  ]

  /// Keywords of other drafts, and what to write instead.
  private static let replaced: [String: String] = [
    "$dynamicRef": "dynamic references are not supported; \"$ref\" refers to a fixed schema",
    "$dynamicAnchor": "dynamic references are not supported; \"$anchor\" names a schema",
    "$recursiveRef": "it is a keyword of draft 2019-09 and not supported; \"$ref\" may refer to \"#\"",
    "$recursiveAnchor": "it is a keyword of draft 2019-09 and not supported; \"$anchor\" names a schema",
    "$vocabulary": "vocabularies are not supported; the keywords of draft 2020-12 apply",
    "additionalItems": "since draft 2020-12 \"prefixItems\" describes the first elements and \"items\" the others",
    "dependencies": "since draft 2019-09 it is written as \"dependentRequired\" and \"dependentSchemas\"",
    "id": "since draft 6 it is written \"$id\"",
  ]

  private static let unitLengthMax = 64
  /// The part of a description that messages quote, in Unicode scalars.
  private static let summaryLengthMax = 200
  private static let quotedNamesMax = 20

  private static let dialects = [
    "https://json-schema.org/draft/2020-12/schema", "https://spec.openapis.org/oas/3.1/dialect/base",
  ]

  mutating func keyword(_ name: String, _ value: JSONValue, _ at: JSONPointer, _ node: inout SchemaNode) {
    switch name {
    case "$id", "$anchor": break  // Read before the others.
    case "$schema": checkDialect(value, at)
    case "type": node.types = types(value, at)
    case "enum":
      guard let values = value.array else { return invalid(at, "must be an array") }
      node.enumeration = SchemaNode.Enumeration(values)
    case "const": node.constant = value
    case "$ref": refer(from: node.index, to: value, at)
    case "$defs", "definitions": _ = schemas(value, at)
    case "components":
      // The place of named schemas in an OpenAPI document.
      if let schemas = value["schemas"] { _ = self.schemas(schemas, at.appending("schemas")) }
    case "allOf": node.allOf = schemaList(value, at)
    case "anyOf": node.anyOf = alternatives(value, at)
    case "oneOf": node.oneOf = alternatives(value, at)
    case "not": node.not = schema(value, at: at)
    case "if": node.condition = schema(value, at: at)
    case "then": node.consequence = schema(value, at: at)
    case "else": node.alternative = schema(value, at: at)
    case "contentSchema": _ = schema(value, at: at)  // Describes the text that a string holds.
    case "unevaluatedItems": node.unevaluatedItems = schema(value, at: at)
    case "unevaluatedProperties": node.unevaluatedProperties = schema(value, at: at)
    case "format": format(value, at, &node)
    case "minLength", "maxLength", "pattern": textKeyword(name, value, at, &node.text)
    case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf":
      numberKeyword(name, value, at, &node.number)
    case "items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains", "minContains", "maxContains":
      arrayKeyword(name, value, at, &node.array)
    case "properties", "required", "additionalProperties", "minProperties", "maxProperties", "patternProperties", "propertyNames",
      "dependentRequired", "dependentSchemas":
      objectKeyword(name, value, at, &node.object)
    default:
      if !SchemaCompiler.annotations.contains(name), !name.utf8.starts(with: "x-".utf8) { refuse(name, at) }
    }
  }

  /// Settles what depends on several keywords, whose order does not matter.
  mutating func finish(_ node: inout SchemaNode, _ object: JSONObject, _ at: JSONPointer) {
    let summary = object["description"]?.string ?? object["title"]?.string
    node.summary = summary.map { SchemaCheck.shortened($0, to: SchemaCompiler.summaryLengthMax) }
    // Without "if" the two say nothing (core section 10.2.2).
    if node.condition == nil { (node.consequence, node.alternative) = (nil, nil) }
  }

  private mutating func refuse(_ name: String, _ at: JSONPointer) {
    if let instead = SchemaCompiler.replaced[name] { return unknown(at, "\"\(name)\" cannot be used: \(instead)") }
    unknown(at, "\"\(SchemaCheck.shortened(name))\" is not a known keyword\(SchemaCompiler.hint(name))")
  }

  private static func hint(_ name: String) -> String {
    let meant = NearestName.suggestion(for: name, among: checked + annotations.sorted())
    return meant.map { "; did you mean \"\($0)\"?" } ?? "; a keyword that only describes begins with \"x-\""
  }

  /// Earlier drafts are read as this one: what has another meaning there is refused by its keyword. Another dialect may mean anything.
  private mutating func checkDialect(_ value: JSONValue, _ at: JSONPointer) {
    guard let text = value.string else { return invalid(at, "must be a URI") }
    let isDraft = ["http://json-schema.org/", "https://json-schema.org/"].contains { text.utf8.starts(with: $0.utf8) }
    if !isDraft, !SchemaCompiler.dialects.contains(text) {
      invalid(at, "names a dialect with vocabularies of its own, which are not supported; allowed: \(SchemaCompiler.dialects[0])")
    }
  }

  private mutating func format(_ value: JSONValue, _ at: JSONPointer, _ node: inout SchemaNode) {
    guard let name = value.string else { return invalid(at, "must be a string") }
    guard formats == .asserted else { return }
    switch SchemaFormat.named(name) {
    case .some(let format) where format.isNumeric:
      var rules = node.number?.value ?? SchemaNode.NumberRules()
      rules.format = format
      node.number = Boxed(rules)
    case .some(let format):
      var rules = node.text?.value ?? SchemaNode.TextRules()
      rules.format = format
      node.text = Boxed(rules)
    case nil:
      // A format that is not known describes only (validation section 7.2.3), but a mistyped one would be left unchecked.
      guard !SchemaFormat.described.contains(name) else { return }
      if let meant = NearestName.suggestion(for: name, among: SchemaFormat.allCases.map(\.rawValue)) {
        invalid(at, "the format \"\(SchemaCheck.shortened(name))\" is not known; did you mean \"\(meant)\"?")
      }
    }
  }

  private mutating func textKeyword(
    _ name: String, _ value: JSONValue, _ at: JSONPointer, _ rules: inout Boxed<SchemaNode.TextRules>?
  ) {
    var changed = rules?.value ?? SchemaNode.TextRules()
    switch name {
    case "minLength": changed.lengthMin = count(value, at)
    case "maxLength": changed.lengthMax = count(value, at)
    default:
      guard let text = value.string else { return invalid(at, "must be a string") }
      changed.pattern = pattern(text, at)
    }
    rules = Boxed(changed)
  }

  private mutating func pattern(_ text: String, _ at: JSONPointer) -> LinearPattern? {
    do {
      return try LinearPattern(text)
    } catch {
      invalid(at, error.description)
      return nil
    }
  }

  private mutating func numberKeyword(
    _ name: String, _ value: JSONValue, _ at: JSONPointer, _ rules: inout Boxed<SchemaNode.NumberRules>?
  ) {
    guard let number = value.number else { return invalid(at, "must be a number") }
    var changed = rules?.value ?? SchemaNode.NumberRules()
    switch name {
    case "minimum": changed.minimum = number
    case "maximum": changed.maximum = number
    case "exclusiveMinimum": changed.exclusiveMinimum = number
    case "exclusiveMaximum": changed.exclusiveMaximum = number
    default:
      // Dividing takes time proportional to the digits of both.
      guard JSONNumber(0).isLess(than: number), number.literal.utf8.count <= SchemaCompiler.unitLengthMax else {
        return invalid(at, "must be a number above 0 with at most \(SchemaCompiler.unitLengthMax) characters")
      }
      changed.multipleOf = number
    }
    rules = Boxed(changed)
  }

  private mutating func arrayKeyword(
    _ name: String, _ value: JSONValue, _ at: JSONPointer, _ rules: inout Boxed<SchemaNode.ArrayRules>?
  ) {
    var changed = rules?.value ?? SchemaNode.ArrayRules()
    switch name {
    case "items" where value.array != nil:
      return invalid(at, "must be one schema; since draft 2020-12 \"prefixItems\" is the list of schemas for the first elements")
    case "items": changed.items = schema(value, at: at)
    case "prefixItems": changed.prefix = schemaList(value, at)
    case "contains": changed.contains = schema(value, at: at)
    case "minItems": changed.countMin = count(value, at)
    case "maxItems": changed.countMax = count(value, at)
    case "minContains": changed.containsMin = count(value, at)
    case "maxContains": changed.containsMax = count(value, at)
    default:
      guard let isUnique = value.boolean else { return invalid(at, "must be true or false") }
      changed.isUnique = isUnique
    }
    rules = Boxed(changed)
  }

  private mutating func objectKeyword(
    _ name: String, _ value: JSONValue, _ at: JSONPointer, _ rules: inout Boxed<SchemaNode.ObjectRules>?
  ) {
    var changed = rules?.value ?? SchemaNode.ObjectRules()
    switch name {
    case "properties":
      let properties = schemas(value, at)
      for (name, schema) in properties { changed.setProperty(name, schema) }
      changed.knownNames = properties.map(\.name).sorted()
    case "patternProperties":
      for (text, schema) in schemas(value, at) {
        guard let pattern = pattern(text, at.appending(text)) else { continue }
        changed.patterns.append((pattern, schema))
      }
    case "propertyNames": changed.names = schema(value, at: at)
    case "additionalProperties":
      changed.additional = schema(value, at: at)
      changed.isClosed = value.boolean == false
    case "minProperties": changed.countMin = count(value, at)
    case "maxProperties": changed.countMax = count(value, at)
    case "dependentSchemas": changed.dependentSchemas = schemas(value, at).map { (changed.slot($0.name), $0.schema) }
    case "dependentRequired":
      guard let object = value.object else { return invalid(at, "must be an object of arrays of strings") }
      for member in object.members {
        let needed = names(member.value, at.appending(member.name)).map { changed.slot($0) }
        changed.dependentRequired.append((changed.slot(member.name), needed))
      }
    default: changed.required = names(value, at).map { changed.slot($0) }
    }
    rules = Boxed(changed)
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

  private mutating func names(_ value: JSONValue, _ at: JSONPointer) -> [String] {
    let names = value.array?.compactMap(\.string) ?? []
    guard let array = value.array, names.count == array.count, Set(names.map { ExactText($0) }).count == names.count else {
      invalid(at, "must be an array of different strings")
      return []
    }
    return names
  }

  private mutating func count(_ value: JSONValue, _ at: JSONPointer) -> Int? {
    if let number = value.number, number.isWhole, !number.isLess(than: JSONNumber(0)) {
      return number.integer.flatMap { Int(exactly: $0) } ?? .max
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

  private mutating func schemas(_ value: JSONValue, _ at: JSONPointer) -> [(name: String, schema: Int)] {
    guard let object = value.object else {
      invalid(at, "must be an object of schemas")
      return []
    }
    return object.members.map { ($0.name, schema($0.value, at: at.appending($0.name))) }
  }

  private mutating func alternatives(_ value: JSONValue, _ at: JSONPointer) -> SchemaNode.Alternatives {
    let names = value.array?.compactMap { element -> String? in
      guard let object = element.object, object.count == 1, let required = object["required"]?.array, required.count == 1
      else { return nil }
      return required[0].string
    }
    guard let names, names.count == value.array?.count else { return SchemaNode.Alternatives(nodes: schemaList(value, at)) }
    let quoted = names.prefix(SchemaCompiler.quotedNamesMax).map { "\"\(SchemaCheck.shortened($0))\"" }.joined(separator: ", ")
    let rest = names.count - SchemaCompiler.quotedNamesMax
    return SchemaNode.Alternatives(
      nodes: schemaList(value, at), memberNames: quoted + (rest > 0 ? " and \(rest) more" : ""))
  }
}
