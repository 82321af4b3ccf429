import OnexCore
import OnexJSON

/// The address of a response that is not final. It travels as an envelope field that belongs to the runtime; every role carries it from
/// the request to its response. A mark belongs to one message: a recorded answer is given out under the mark of each request that asks
/// for it.
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
    } else if let hash = text.utf8.firstIndex(of: UInt8(ascii: "#")),
      let stream = StreamName(text[text.utf8.index(after: hash)...])
    {
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

  /// The mark among other fields, as it was written.
  static func fields(of extensions: [RawField]) -> [RawField] { extensions.filter { $0.name == name } }
}
