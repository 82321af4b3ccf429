/// One thing that is wrong with a file, and where.
public struct YAMLProblem: Sendable, Hashable, CustomStringConvertible {
  public enum Kind: Sendable, Hashable {
    /// The text is no YAML that this module accepts.
    case invalidYAML
    case missingField
    case invalidField
    case unknownField
  }

  public let kind: Kind
  public let file: String
  public let position: YAMLPosition
  public let message: String

  public init(_ kind: Kind, file: String, at position: YAMLPosition, _ message: String) {
    self.kind = kind
    self.file = file
    self.position = position
    self.message = message
  }

  /// `file:line:column: message`, which editors and terminals turn into a link.
  public var description: String { "\(file):\(position): \(message)" }
}
