/// What a request asks for: `<prefix>.<verb>`, lower case, at most 128 bytes.
public struct Operation: Sendable, Hashable, CustomStringConvertible {
  /// What a message to a person says is allowed.
  public static let rule =
    "lower-case segments of letters, digits and _ joined by dots, at least two, each beginning with a letter, at most 128 bytes"
  public static let bytesMax = 128

  public let name: String

  /// `nil` when `name` does not match `[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+` or is over 128 bytes.
  public init?(_ name: String) {
    guard Operation.isValid(name.utf8) else { return nil }
    self.name = name
  }

  public init?(utf8: UnsafeRawBufferPointer) {
    guard Operation.isValid(utf8) else { return nil }
    name = String(decoding: utf8, as: UTF8.self)
  }

  /// Everything before the first dot.
  public var prefix: Substring { name[..<(name.firstIndex(of: ".") ?? name.endIndex)] }

  public var description: String { name }

  /// A single segment, as a handler's registered prefix is one.
  public static func isValidPrefix(_ prefix: some StringProtocol) -> Bool {
    Operation.isValid(Array(prefix.utf8) + Array(".a".utf8))
  }

  private static func isValid(_ bytes: some Collection<UInt8>) -> Bool {
    guard bytes.count <= bytesMax else { return false }
    var segments = 1
    var atStart = true
    for byte in bytes {
      switch byte {
      case 97...122: atStart = false
      case 48...57 where !atStart, 95 where !atStart: break
      case 46 where !atStart:
        segments += 1
        atStart = true
      default: return false
      }
    }
    return segments >= 2 && !atStart
  }
}
