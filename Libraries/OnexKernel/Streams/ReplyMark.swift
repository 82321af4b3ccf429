import OnexCore
import OnexJSON

/// Envelope fields that belong to the runtime. They travel from `runtime-main` to a role; clients can neither set nor see them.
enum RuntimeField {
  static let replyTo = Bytes("\"onex_reply_to\"")
  static let origin = Bytes("\"onex_origin\"")

  static func isPresent(in extensions: [RawField]) -> Bool {
    !extensions.isEmpty && extensions.contains { $0.name == replyTo || $0.name == origin }
  }

  static func without(_ extensions: [RawField]) -> [RawField] {
    extensions.filter { $0.name != replyTo && $0.name != origin }
  }

  /// The field that carries the origin of a request's id to a role; `nil` for a client's, which needs none.
  static func origin(_ origin: IdentityOrigin) -> RawField? {
    switch origin {
    case .client: nil
    case .place: RawField(name: RuntimeField.origin, value: "\"place\"")
    case .intent: RawField(name: RuntimeField.origin, value: "\"intent\"")
    }
  }
}

extension Envelope {
  /// Reads the origin that `runtime-main` has written, and takes its field off.
  mutating func readOrigin() {
    guard !extensions.isEmpty, let index = extensions.firstIndex(where: { $0.name == RuntimeField.origin }) else { return }
    switch extensions.remove(at: index).value {
    case "\"place\"": origin = .place
    case "\"intent\"": origin = .intent
    default: break
    }
  }
}

/// The destination of a response that `runtime-main` does not pass on as it is. Every role copies it from the request to the response.
enum ReplyMark: Sendable, Hashable {
  private static let deadlinePrefix = "deadline/"

  /// The response is the final one and competes with this timer of its request's deadline.
  case deadline(RawUUID)
  /// The response is an input of the stream.
  case stream(StreamName, intent: String)

  init?(_ extensions: [RawField]) {
    guard let value = extensions.first(where: { $0.name == RuntimeField.replyTo })?.value,
      case .string(let text)? = try? JSONValue.parse(value)
    else { return nil }
    if text.hasPrefix(ReplyMark.deadlinePrefix), let timer = RawUUID(text.dropFirst(ReplyMark.deadlinePrefix.count)) {
      self = .deadline(timer)
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
      case .deadline(let timer): "\(ReplyMark.deadlinePrefix)\(timer)"
      case .stream(let stream, let intent): "\(intent)#\(stream)"
      }
    return RawField(name: RuntimeField.replyTo, value: JSONValue.string(text).encoded())
  }
}
