import OnexCore

/// The entries of a mapping in the order of the file. Keys are scalars and unique by their bytes (`ExactText`).
public struct YAMLMapping: Sendable, Hashable {
  public struct Entry: Sendable, Hashable {
    public let name: String
    public let namePosition: YAMLPosition
    public let value: YAMLNode
  }

  public let entries: [Entry]

  init(_ entries: [Entry]) { self.entries = entries }

  public var count: Int { entries.count }

  /// Linear: the mappings that are read by name have a dozen entries.
  public subscript(_ name: String) -> YAMLNode? { entry(name)?.value }

  public func entry(_ name: String) -> Entry? { entries.first { $0.name.isExactly(name) } }
}
