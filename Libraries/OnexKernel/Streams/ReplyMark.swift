import OnexCore
import OnexJSON

/// Envelope fields that belong to the runtime. They travel from `runtime-main` to a role; clients can neither set nor see them.
enum RuntimeField {
  static let replyTo = Bytes("\"onex_reply_to\"")
  static let origin = Bytes("\"onex_origin\"")
  static let signature = Bytes("\"onex_signature\"")
  private static let all: [Bytes] = [replyTo, origin, signature]

  static func isPresent(in extensions: [RawField]) -> Bool {
    !extensions.isEmpty && extensions.contains { all.contains($0.name) }
  }

  static func without(_ extensions: [RawField]) -> [RawField] { extensions.filter { !all.contains($0.name) } }

  /// The reply address with its signature, as they were written.
  static func address(in extensions: [RawField]) -> [RawField] {
    extensions.filter { $0.name == replyTo || $0.name == signature }
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
  /// The response is the final one.
  case final

  /// - Returns: `nil` without an address.
  /// - Throws: for one that no runtime has written.
  static func read(_ extensions: [RawField]) throws(ResponseError) -> ReplyMark? {
    guard let field = extensions.first(where: { $0.name == RuntimeField.replyTo }) else { return nil }
    if let mark = ReplyMark(field.value) { return mark }
    throw ResponseError(
      .notAllowed, "onex_reply_to is no address of this runtime: \(field.value.text.prefix(ReplyMark.shownMax))")
  }

  private static let shownMax = 100

  /// `nil` also for one that no runtime has written.
  init?(_ extensions: [RawField]) {
    guard let mark = (try? ReplyMark.read(extensions)) ?? nil else { return nil }
    self = mark
  }

  private init?(_ value: Bytes) {
    guard case .string(let text)? = try? JSONValue.parse(value) else { return nil }
    if text == "final" {
      self = .final
    } else if text.hasPrefix(ReplyMark.deadlinePrefix), let timer = RawUUID(text.dropFirst(ReplyMark.deadlinePrefix.count)) {
      self = .deadline(timer)
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
      case .deadline(let timer): "\(ReplyMark.deadlinePrefix)\(timer)"
      case .stream(let stream, let intent): "\(intent)#\(stream)"
      case .final: "final"
      }
    return RawField(name: RuntimeField.replyTo, value: JSONValue.string(text).encoded())
  }
}

/// Signs reply addresses, so that only the answer to a request that `runtime-main` has sent becomes a response or the result of a step.
///
/// The signature covers the request's id and the address: HMAC-SHA-256 (RFC 2104), cut to 16 bytes.
public struct ReplySigner: Sendable {
  public static let minKeyBytes = 32
  private static let signatureBytes = 16

  private let keys: [[UInt8]]

  /// - Parameter keys: the first one signs, all are accepted: a key is replaced by putting the new one before it.
  public init(keys: [String]) { self.keys = keys.map { Array($0.utf8) } }

  /// Adds the signature of the reply address to a request on its way to a role. A request without an address is given `final`.
  func sign(_ envelope: inout Envelope) {
    guard let key = keys.first else { return }
    if !envelope.extensions.contains(where: { $0.name == RuntimeField.replyTo }) {
      envelope.extensions.append(ReplyMark.final.rawField)
      envelope.isComplete = false
    }
    let code = signature(envelope.extensions, of: envelope.envelopeID, key)
    envelope.extensions.append(RawField(name: RuntimeField.signature, value: Bytes("\"\(SHA256.hex(code))\"")))
  }

  /// Whether the response answers a request that was signed with one of the keys.
  func accepts(_ response: ResponseEnvelope) -> Bool {
    guard !keys.isEmpty else { return true }
    guard let request = response.causationID,
      let given = response.extensions.first(where: { $0.name == RuntimeField.signature })?.value
    else { return false }
    return keys.contains { key in
      let expected = Bytes("\"\(SHA256.hex(signature(response.extensions, of: request, key)))\"")
      return ReplySigner.isEqual(expected, given)
    }
  }

  private func signature(_ extensions: [RawField], of request: EnvelopeID, _ key: [UInt8]) -> [UInt8] {
    var message = Array(request.description.utf8)
    let address = extensions.first { $0.name == RuntimeField.replyTo }?.value ?? .empty
    address.withUnsafeBytes { message.append(contentsOf: $0) }
    return Array(SHA256.authenticate(message, key: key).prefix(ReplySigner.signatureBytes))
  }

  /// Takes the same time for every pair of one length, so that a signature cannot be guessed byte by byte.
  private static func isEqual(_ left: Bytes, _ right: Bytes) -> Bool {
    guard left.count == right.count else { return false }
    return left.withUnsafeBytes { left in
      right.withUnsafeBytes { right in zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0 }
    }
  }
}
