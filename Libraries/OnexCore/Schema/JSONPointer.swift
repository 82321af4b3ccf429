/// A path into a JSON document (RFC 6901).
public struct JSONPointer: Sendable, Hashable, CustomStringConvertible {
  /// Member names and array indices from the root, unescaped.
  public let tokens: [String]

  public init(_ tokens: [String] = []) { self.tokens = tokens }

  /// `nil` when `text` is neither empty nor begins with `/`, or has a `~` that is followed by neither `0` nor `1`.
  public init?(_ text: some StringProtocol) {
    guard !text.isEmpty else {
      self.init([])
      return
    }
    guard text.first == "/" else { return nil }
    var tokens: [String] = []
    for part in text.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
      guard let token = JSONPointer.unescape(part) else { return nil }
      tokens.append(token)
    }
    self.init(tokens)
  }

  public func appending(_ token: String) -> JSONPointer { JSONPointer(tokens + [token]) }

  public func appending(_ index: Int) -> JSONPointer { appending(String(index)) }

  /// The value that the path leads to; `nil` when there is none.
  public func resolve(in root: JSONValue) -> JSONValue? {
    var value = root
    for token in tokens {
      switch value {
      case .object(let object):
        guard let member = object[token] else { return nil }
        value = member
      case .array(let elements):
        guard let index = Int(token), elements.indices.contains(index) else { return nil }
        value = elements[index]
      default: return nil
      }
    }
    return value
  }

  /// `/a/b~1c/0`; empty for the whole document.
  public var description: String { tokens.map { "/" + JSONPointer.escape($0) }.joined() }

  private static func escape(_ token: String) -> String {
    guard token.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return token }
    return String(token.flatMap { $0 == "~" ? "~0" : $0 == "/" ? "~1" : String($0) })
  }

  private static func unescape(_ part: some StringProtocol) -> String? {
    guard part.contains("~") else { return String(part) }
    var token = ""
    var rest = part[...]
    while let character = rest.popFirst() {
      guard character == "~" else {
        token.append(character)
        continue
      }
      switch rest.popFirst() {
      case "0": token.append("~")
      case "1": token.append("/")
      default: return nil
      }
    }
    return token
  }
}
