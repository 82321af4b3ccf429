/// Why a text is no JSON document the runtime accepts.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Code: String, Sendable {
    case empty, syntax, invalidUTF8, controlCharacter, tooDeep, tooLarge, duplicateName, notAnObject
  }

  public let code: Code
  public let message: String
  /// Byte offset where the problem was noticed, when it is known.
  public let offset: Int?

  public init(_ code: Code, _ message: String, offset: Int? = nil) {
    self.code = code
    self.message = message
    self.offset = offset
  }

  public var description: String {
    if let offset { "\(message) (at byte \(offset))" } else { message }
  }
}
