/// A path into a JSON document (RFC 6901). Tokens are compared by their bytes.
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
    // By bytes: a combining mark behind "/" would be part of the same character.
    let bytes = Array(text.utf8)
    guard bytes[0] == UInt8(ascii: "/") else { return nil }
    var tokens: [String] = []
    for part in bytes.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      guard let token = JSONPointer.unescape(part) else { return nil }
      tokens.append(token)
    }
    self.init(tokens)
  }

  public static func == (left: JSONPointer, right: JSONPointer) -> Bool {
    left.tokens.count == right.tokens.count && zip(left.tokens, right.tokens).allSatisfy { $0.isExactly($1) }
  }

  public func hash(into hasher: inout Hasher) {
    for token in tokens { token.hashBytes(into: &hasher) }
  }

  public func appending(_ token: String) -> JSONPointer { JSONPointer(tokens + [token]) }

  public func appending(_ index: Int) -> JSONPointer { appending(String(index)) }

  /// The value that the path leads to; `nil` when there is none.
  public func resolve(in root: JSONValue) -> JSONValue? {
    var value = root
    for token in tokens {
      switch value {
      case .object(let object):
        guard let member = object.members.first(where: { $0.name.isExactly(token) }) else { return nil }
        value = member.value
      case .array(let elements):
        guard let index = JSONPointer.index(token), index < elements.count else { return nil }
        value = elements[index]
      default: return nil
      }
    }
    return value
  }

  /// `/a/b~1c/0`; empty for the whole document.
  public var description: String { tokens.map { "/" + JSONPointer.escape($0) }.joined() }

  /// Digits without a sign and without leading zeros (section 4).
  private static func index(_ token: String) -> Int? {
    guard token.utf8.allSatisfy({ (48...57).contains($0) }), token.utf8.count == 1 || token.utf8.first != 48 else { return nil }
    return Int(token)
  }

  private static func escape(_ token: String) -> String {
    guard token.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return token }
    var escaped: [UInt8] = []
    for byte in token.utf8 {
      switch byte {
      case UInt8(ascii: "~"): escaped += [UInt8(ascii: "~"), UInt8(ascii: "0")]
      case UInt8(ascii: "/"): escaped += [UInt8(ascii: "~"), UInt8(ascii: "1")]
      default: escaped.append(byte)
      }
    }
    return String(decoding: escaped, as: UTF8.self)
  }

  private static func unescape(_ part: ArraySlice<UInt8>) -> String? {
    var token: [UInt8] = []
    var rest = part
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "~") else {
        token.append(byte)
        continue
      }
      switch rest.popFirst() {
      case UInt8(ascii: "0"): token.append(UInt8(ascii: "~"))
      case UInt8(ascii: "1"): token.append(UInt8(ascii: "/"))
      default: return nil
      }
    }
    return String(decoding: token, as: UTF8.self)
  }
}
