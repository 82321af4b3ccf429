/// One way in which a document does not match its schema. Messages name members, types and limits, never the document's values,
/// which may be secret.
public struct SchemaViolation: Sendable, Hashable, CustomStringConvertible {
  /// A token of a path is cut after so many characters, so that a hostile member name cannot blow up the answer.
  public static let tokenLengthMax = 128

  /// Where in the document.
  public let path: JSONPointer
  /// Reads after the path: `must be a string, not a number`.
  public let message: String

  public var description: String { "\(path.tokens.isEmpty ? "the document" : path.description) \(message)" }
}
