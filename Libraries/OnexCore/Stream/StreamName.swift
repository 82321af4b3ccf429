/// The name of a stream: the handler that owns it, and its key (`order/4711`). Names are compared by their bytes, as PostgreSQL and
/// Kafka do; canonically equivalent texts are different keys.
public struct StreamName: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// Longer keys are refused: names are indexed.
  public static let keyBytesMax = 255

  /// `handler_name` of the contract whose reducer folds the stream.
  public let handler: String
  public let key: String

  public init(handler: String, key: String) {
    self.handler = handler
    self.key = key
  }

  /// `nil` unless the text is `handler/key`. The key may contain further slashes.
  public init?(_ text: some StringProtocol) {
    // By bytes: a key may begin with a combining mark, which makes one character of the slash and itself.
    guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")), slash != text.startIndex else { return nil }
    self.init(handler: String(text[..<slash]), key: String(text[text.utf8.index(after: slash)...]))
  }

  /// Random once, then fixed for ever: the ids of a stream's messages and timers derive from it.
  private static let namespace = RawUUID(high: 0x5D0C_3A97_62F1_4E8B, low: 0x9B47_C1E8_0D25_A3F6)

  /// Identity of a message or timer of this stream: the same name always gives the same.
  public func id(_ name: String) -> RawUUID {
    RawUUID(namespace: RawUUID(namespace: StreamName.namespace, name: description), name: name)
  }

  public var description: String { "\(handler)/\(key)" }

  public static func == (left: StreamName, right: StreamName) -> Bool {
    left.key.utf8.elementsEqual(right.key.utf8) && left.handler.utf8.elementsEqual(right.handler.utf8)
  }

  public func hash(into hasher: inout Hasher) {
    for text in [handler, key] {
      for byte in text.utf8 { hasher.combine(byte) }
      // No byte of a text in UTF-8.
      hasher.combine(0xFF as UInt8)
    }
  }

  public static func < (left: StreamName, right: StreamName) -> Bool {
    left.handler.utf8.elementsEqual(right.handler.utf8)
      ? left.key.utf8.lexicographicallyPrecedes(right.key.utf8)
      : left.handler.utf8.lexicographicallyPrecedes(right.handler.utf8)
  }
}
