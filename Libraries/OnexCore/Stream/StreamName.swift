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
    // By bytes: a slash that a combining mark follows is a slash, although Swift takes both for one character.
    let bytes = text.utf8
    guard let slash = bytes.firstIndex(of: UInt8(ascii: "/")), slash != bytes.startIndex else { return nil }
    self.init(
      handler: String(decoding: bytes[..<slash], as: UTF8.self),
      key: String(decoding: bytes[bytes.index(after: slash)...], as: UTF8.self))
  }

  /// Random once, then fixed for ever: the ids of a stream's messages and timers derive from it.
  private static let namespace = RawUUID(high: 0x5D0C_3A97_62F1_4E8B, low: 0x9B47_C1E8_0D25_A3F6)

  /// Identity of a message or timer of this stream: the same name always gives the same.
  public func id(_ name: String) -> RawUUID {
    RawUUID(namespace: RawUUID(namespace: StreamName.namespace, name: description), name: name)
  }

  public var description: String { "\(handler)/\(key)" }

  /// By bytes (`ExactText`), as the journal's tables compare names.
  public static func == (left: StreamName, right: StreamName) -> Bool {
    left.handler.isExactly(right.handler) && left.key.isExactly(right.key)
  }

  public func hash(into hasher: inout Hasher) {
    handler.hashBytes(into: &hasher)
    key.hashBytes(into: &hasher)
  }

  public static func < (left: StreamName, right: StreamName) -> Bool {
    (ExactText(left.handler), ExactText(left.key)) < (ExactText(right.handler), ExactText(right.key))
  }
}
