/// The fully qualified Swift type that answers for a contract: `Module.Type` or `Module.Outer.Type`.
public struct HandlerClass: Sendable, Hashable, CustomStringConvertible {
  /// What a message to a person says is allowed.
  public static let rule = "a fully qualified Swift type such as OnexCompute.EchoHandler"

  public let module: String
  /// Everything after the module.
  public let type: String

  /// `nil` unless `name` is two or more Swift identifiers (ASCII) joined by dots.
  public init?(_ name: String) {
    let segments = name.split(separator: ".", omittingEmptySubsequences: false)
    guard segments.count >= 2, segments.allSatisfy(HandlerClass.isIdentifier) else { return nil }
    module = String(segments[0])
    type = segments.dropFirst().joined(separator: ".")
  }

  public var description: String { "\(module).\(type)" }

  /// Whether the type is `namespace` or lies inside it, by whole segments: `Onex` does not contain `OnexCompute.X`.
  public func isInside(namespace: String) -> Bool {
    description == namespace || description.hasPrefix(namespace + ".")
  }

  private static func isIdentifier(_ segment: Substring) -> Bool {
    guard let first = segment.utf8.first, !(48...57).contains(first) else { return false }
    return segment.utf8.allSatisfy { byte in
      switch byte {
      case 48...57, 65...90, 95, 97...122: true
      default: false
      }
    }
  }
}
