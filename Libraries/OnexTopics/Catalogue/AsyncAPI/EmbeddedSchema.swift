import OnexCore

/// A contract's schema (JSON Schema 2020-12, our subset) as a part of an AsyncAPI document, whose schemas are draft 7 and whose
/// references begin at the document's root.
enum EmbeddedSchema {
  static func value(_ schema: JSONValue, component: String) -> JSONValue {
    guard case .object(let object) = schema else { return schema }
    var embedded = JSONObject()
    for (name, value) in object.members {
      switch name {
      // They would give references inside another base, and the schema another dialect.
      case "$id", "$schema": break
      case "$ref": embedded.append(name, reference(value, component))
      case "properties", "$defs": embedded.append(name, each(value, component))
      case "allOf", "anyOf", "oneOf": embedded.append(name, list(value, component))
      case "not", "additionalProperties": embedded.append(name, self.value(value, component: component))
      // Draft 7 calls the elements that have places `items`, and the rest additionalItems.
      case "prefixItems": embedded.append("items", list(value, component))
      case "items":
        embedded.append(object["prefixItems"] == nil ? name : "additionalItems", self.value(value, component: component))
      default: embedded.append(name, value)
      }
    }
    return .object(embedded)
  }

  private static func reference(_ value: JSONValue, _ component: String) -> JSONValue {
    guard let text = value.string, let path = JSONPointer(text.dropFirst()) else { return value }
    return .string("#\(JSONPointer(["components", "schemas", component] + path.tokens))")
  }

  private static func each(_ schemas: JSONValue, _ component: String) -> JSONValue {
    .object(JSONObject((schemas.object?.members ?? []).map { ($0.name, value($0.value, component: component)) }))
  }

  private static func list(_ schemas: JSONValue, _ component: String) -> JSONValue {
    .array((schemas.array ?? []).map { value($0, component: component) })
  }
}
