/// A node of a YAML document (YAML 1.2 section 3.2.1) that remembers where it was written.
public struct YAMLNode: Sendable, Hashable {
  public enum Content: Sendable, Hashable {
    case scalar(YAMLScalar)
    case sequence([YAMLNode])
    case mapping(YAMLMapping)
  }

  public let content: Content
  public let position: YAMLPosition

  public init(_ content: Content, at position: YAMLPosition) {
    self.content = content
    self.position = position
  }

  public var scalar: YAMLScalar? {
    if case .scalar(let scalar) = content { scalar } else { nil }
  }

  public var sequence: [YAMLNode]? {
    if case .sequence(let elements) = content { elements } else { nil }
  }

  public var mapping: YAMLMapping? {
    if case .mapping(let mapping) = content { mapping } else { nil }
  }

  /// The text of a string; `nil` for other scalars too: `12` is a number.
  public var text: String? { scalar?.string }

  public var isNull: Bool { scalar?.value == .null }

  /// The value of `name` in a mapping.
  public subscript(_ name: String) -> YAMLNode? { mapping?[name] }

  /// What a message to a person calls this node.
  public var typeName: String {
    switch content {
    case .sequence: "a list"
    case .mapping: "a mapping"
    case .scalar(let scalar): scalar.typeName
    }
  }
}
