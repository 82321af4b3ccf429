/// Why a JSON document is no schema that `JSONSchema` can check; every problem at once.
public struct SchemaError: Error, Sendable, Hashable, CustomStringConvertible {
  public struct Problem: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
      /// A keyword outside the subset: ignoring it would accept what its author meant to refuse.
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
