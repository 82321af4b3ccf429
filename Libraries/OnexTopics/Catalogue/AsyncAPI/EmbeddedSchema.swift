import OnexCore

/// A contract's schema (JSON Schema 2020-12) as a part of an AsyncAPI document, whose schemas are draft 7 and whose references begin at
/// the document's root.
///
/// Keywords of later drafts get the names that draft 7 has for them. Those that it has no name for (`unevaluatedProperties`,
/// `minContains`, …) stay as they are: a reader of draft 7 passes over them.
struct EmbeddedSchema {
  /// The shape of a keyword's value.
  private enum Shape {
    case schema
    case list
    /// Schemas by name.
    case map
    /// `components` of an OpenAPI document, whose `schemas` are schemas by name.
    case components
  }

  private static let shapes: [String: Shape] = [
    "not": .schema, "if": .schema, "then": .schema, "else": .schema, "items": .schema, "contains": .schema,
    "additionalProperties": .schema, "propertyNames": .schema, "unevaluatedItems": .schema, "unevaluatedProperties": .schema,
    "contentSchema": .schema, "allOf": .list, "anyOf": .list, "oneOf": .list, "prefixItems": .list, "properties": .map,
    "patternProperties": .map, "$defs": .map, "definitions": .map, "dependentSchemas": .map, "components": .components,
  ]

  /// Neighbours of a `$ref` that lose nothing when a reader of draft 7 passes over them.
  private static let silent: Set<String> = [
    "$ref", "$id", "$schema", "$anchor", "$comment", "$defs", "definitions", "components", "title", "description", "default",
    "examples", "deprecated", "readOnly", "writeOnly",
  ]

  private let schema: JSONSchema
  private let component: String

  /// - Parameter component: the name of `schema` in the document's `components/schemas`.
  static func value(_ schema: JSONSchema, component: String) -> JSONValue {
    EmbeddedSchema(schema: schema, component: component).value(schema.document, JSONPointer())
  }

  private func value(_ schema: JSONValue, _ at: JSONPointer) -> JSONValue {
    guard case .object(let object) = schema else { return schema }
    var embedded = JSONObject()
    for (name, value) in object.members {
      switch name {
      // They would give references another base, and the schema another dialect. References are resolved already.
      case "$id", "$schema", "$anchor": break
      case "$ref":
        if object.members.allSatisfy({ EmbeddedSchema.silent.contains($0.name) }) { embedded[name] = reference(value, at) }
      case "dependentRequired", "dependentSchemas": embedded["dependencies"] = dependencies(object, at)
      default: embedded[EmbeddedSchema.name(name, in: object)] = part(name, value, at.appending(name))
      }
    }
    // Draft 7 passes over the neighbours of a reference, so that one with neighbours becomes one of `allOf`, behind those whose
    // indices other references may name.
    if let target = object["$ref"], embedded["$ref"] == nil {
      embedded["allOf"] = .array((embedded["allOf"]?.array ?? []) + [["$ref": reference(target, at)]])
    }
    return .object(embedded)
  }

  /// The value of a keyword.
  private func part(_ name: String, _ value: JSONValue, _ at: JSONPointer) -> JSONValue {
    switch EmbeddedSchema.shapes[name] {
    case .schema: self.value(value, at)
    case .list: .array((value.array ?? []).enumerated().map { self.value($0.element, at.appending($0.offset)) })
    case .map: map(value, at)
    case .components: value["schemas"].map { ["schemas": map($0, at.appending("schemas"))] } ?? value
    case nil: value
    }
  }

  private func map(_ schemas: JSONValue, _ at: JSONPointer) -> JSONValue {
    .object(JSONObject((schemas.object?.members ?? []).map { ($0.name, value($0.value, at.appending($0.name))) }))
  }

  /// Both keywords in the one of draft 7, where a name has either a list or a schema.
  private func dependencies(_ object: JSONObject, _ at: JSONPointer) -> JSONValue {
    var dependencies = object["dependentRequired"]?.object ?? JSONObject()
    for (name, schema) in object["dependentSchemas"]?.object?.members ?? [] {
      let value = value(schema, at.appending("dependentSchemas").appending(name))
      dependencies[name] = dependencies[name].map { ["allOf": [value, ["required": $0]]] } ?? value
    }
    return .object(dependencies)
  }

  // MARK: Names and references

  /// The name that draft 7 has for a keyword of a schema.
  private static func name(_ keyword: String, in object: JSONObject) -> String {
    switch keyword {
    // Draft 7 calls the elements that have places `items`, and the rest additionalItems.
    case "prefixItems": "items"
    case "items": object["prefixItems"] == nil ? keyword : "additionalItems"
    // Draft 7 would ask for one such element.
    case "contains": object["minContains"]?.integer == 0 ? "x-contains" : keyword
    case "dependentSchemas": "dependencies"
    default: keyword
    }
  }

  private func reference(_ value: JSONValue, _ at: JSONPointer) -> JSONValue {
    guard let target = schema.references[at] else { return value }
    return .string("#\(JSONPointer(["components", "schemas", component] + tokens(of: target)))")
  }

  /// Where the schema at `target` of the contract is in the embedded one.
  private func tokens(of target: JSONPointer) -> [String] {
    var embedded: [String] = []
    var rest = target.tokens[...]
    var here = JSONPointer()
    while let keyword = rest.popFirst() {
      guard case .object(let object)? = here.resolve(in: schema.document), let shape = EmbeddedSchema.shapes[keyword] else {
        return embedded + [keyword] + rest
      }
      embedded.append(EmbeddedSchema.name(keyword, in: object))
      here = here.appending(keyword)
      for _ in 0..<(shape == .schema ? 0 : shape == .components ? 2 : 1) {
        guard let token = rest.popFirst() else { return embedded }
        embedded.append(token)
        here = here.appending(token)
        if keyword == "dependentSchemas", object["dependentRequired"]?[token] != nil { embedded += ["allOf", "0"] }
      }
    }
    return embedded
  }
}
