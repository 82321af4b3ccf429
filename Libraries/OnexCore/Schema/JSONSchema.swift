/// A compiled JSON Schema of draft 2020-12, without remote references, dynamic references and vocabularies
/// (docs/reference/contracts.md lists the keywords).
///
/// A keyword that is not known is refused when the schema is compiled, so that a mistyped one is not silently left unchecked. References
/// lead into the same document. Text is compared by bytes, numbers by their exact value.
public struct JSONSchema: Sendable {
  /// `format` either is checked or only describes (validation section 7.2).
  public enum FormatPolicy: Sendable {
    /// The policy of contracts.
    case asserted
    case annotated
  }

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
  /// The subschema to which each `$ref` leads, by the place of the schema that has the `$ref`.
  public let references: [JSONPointer: JSONPointer]
  /// The first is the root.
  let nodes: [SchemaNodeReference]

  /// - Throws: `SchemaError` with every problem, each at its JSON Pointer.
  public static func compile(_ document: JSONValue, formats: FormatPolicy = .asserted) throws(SchemaError) -> JSONSchema {
    var compiler = SchemaCompiler(document, formats)
    let nodes = try compiler.compile().map { SchemaNodeReference($0) }
    return JSONSchema(document: document, references: compiler.targets, nodes: nodes)
  }

  /// Everything in which `value` differs from the schema, at most `violationsMax` entries; empty when it matches.
  public func validate(_ value: JSONValue) -> [SchemaViolation] {
    var steps = 0
    return validate(value, steps: &steps)
  }

  /// - Parameter steps: the steps that the check took, to which its time is proportional.
  func validate(_ value: JSONValue, steps: inout Int, stepsMax: Int = checkStepsMax) -> [SchemaViolation] {
    var check = SchemaCheck(nodes, stepsMax: stepsMax)
    defer { steps = check.steps }
    return check.run(value)
  }
}

/// One way in which a document does not match its schema. Messages name members, types and limits, never the document's values,
/// which may be secret.
public struct SchemaViolation: Sendable, Hashable, CustomStringConvertible {
  /// A token of a path is cut after so many Unicode scalars, so that a hostile member name cannot blow up the answer.
  public static let tokenLengthMax = 128

  /// Where in the document.
  public let path: JSONPointer
  /// Reads after the path: `must be a string, not a number`.
  public let message: String

  public var description: String { "\(SchemaViolation.place(path)) \(message)" }

  static func place(_ path: JSONPointer) -> String { path.tokens.isEmpty ? "the document" : path.description }
}

/// Why a JSON document is not a schema that `JSONSchema` can check; every problem at once.
public struct SchemaError: Error, Sendable, Hashable, CustomStringConvertible {
  public struct Problem: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
      /// A keyword that is not known: ignoring it would accept what its author meant to refuse.
      case unknownKeyword
      case invalidKeyword
    }

    public let kind: Kind
    /// The keyword inside the schema document.
    public let pointer: JSONPointer
    public let message: String

    init(_ kind: Kind, at pointer: JSONPointer, _ message: String) {
      self.kind = kind
      self.pointer = pointer
      self.message = message
    }
  }

  public let problems: [Problem]

  public var description: String {
    problems.map { "\($0.pointer.tokens.isEmpty ? "/" : $0.pointer.description): \($0.message)" }.joined(separator: "\n")
  }
}
