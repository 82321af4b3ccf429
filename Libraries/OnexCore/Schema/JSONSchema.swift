/// A compiled JSON Schema: the subset of draft 2020-12 that docs/reference/contracts.md lists.
///
/// A keyword outside the subset is refused when the schema is compiled; nothing that was written is silently not checked.
/// `format` asserts. Only references into the same document are followed.
public struct JSONSchema: Sendable {
  /// Violations that are reported for one document.
  public static let violationsMax = 32
  /// Subschemas of one schema.
  public static let nodesMax = 10_000
  /// Subschemas that may apply to the same value one inside the other (`$ref`, `allOf`, …).
  public static let inPlaceDepthMax = 32
  /// Nesting of subschemas and values during a check.
  public static let checkDepthMax = 256
  /// Steps of one check; a document that needs more is refused, since combinators can multiply without a bound.
  public static let checkStepsMax = 5_000_000

  /// What it was compiled from.
  public let document: JSONValue
  /// The first is the root.
  let nodes: [SchemaNodeReference]

  /// - Throws: `SchemaError` with every problem, each at its JSON Pointer.
  public static func compile(_ document: JSONValue) throws(SchemaError) -> JSONSchema {
    var compiler = SchemaCompiler(document)
    return JSONSchema(document: document, nodes: try compiler.compile().map { SchemaNodeReference($0) })
  }

  /// Everything in which `value` differs from the schema, at most `violationsMax` entries; empty when it matches.
  public func validate(_ value: JSONValue) -> [SchemaViolation] {
    var check = SchemaCheck(nodes)
    return check.run(value)
  }
}
