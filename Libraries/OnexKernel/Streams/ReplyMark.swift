import OnexCore
import OnexJSON

/// Where a response belongs that is no final one. Travels as an envelope field of the runtime's own, which every role carries from the
/// request to its response.
enum ReplyMark: Sendable, Hashable {
  static let field = "onex_reply_to"
  private static let name = Bytes("\"\(field)\"")
  private static let deadlineText = "deadline"

  /// The response is the final one and takes away the deadline that was set for its request.
  case deadline
  /// The response is an input of the stream.
  case stream(StreamName, intent: String)

  init?(_ extensions: [RawField]) {
    guard let value = extensions.first(where: { $0.name == ReplyMark.name })?.value,
      case .string(let text)? = try? JSONValue.parse(value)
    else { return nil }
    if text == ReplyMark.deadlineText {
      self = .deadline
    } else if let hash = text.firstIndex(of: "#"), let stream = StreamName(text[text.index(after: hash)...]) {
      self = .stream(stream, intent: String(text[..<hash]))
    } else {
      return nil
    }
  }

  /// The intent comes first in the text, since keys may contain anything.
  var rawField: RawField {
    let text =
      switch self {
      case .deadline: ReplyMark.deadlineText
      case .stream(let stream, let intent): "\(intent)#\(stream)"
      }
    return RawField(name: ReplyMark.name, value: JSONValue.string(text).encoded())
  }

  static func isPresent(in extensions: [RawField]) -> Bool { extensions.contains { $0.name == name } }

  static func without(_ extensions: [RawField]) -> [RawField] { extensions.filter { $0.name != name } }
}
