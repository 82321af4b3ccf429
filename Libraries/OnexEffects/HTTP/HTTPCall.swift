import OnexCore
import OnexHTTP
import OnexJSON
import OnexKernel

/// What a payload of `http.*` asks for.
struct HTTPCall {
  static let operations = ["get", "post", "put", "patch", "delete", "head"].map { "http.\($0)" }
  /// Verbs that may act twice when they are sent twice (RFC 9110 section 9.2.2).
  private static let repeating: Set<String> = ["POST", "PATCH"]

  private(set) var request: HTTPClientRequest

  init(_ handled: HandlerRequest, reach: HTTPClientRequest.Reach) throws(HandlerError) {
    guard HTTPCall.operations.contains(handled.operation.name) else {
      throw HandlerError.unknownOperation(handled.operation, known: HTTPCall.operations)
    }
    let payload = try PayloadReader(handled)
    let method = handled.operation.name.dropFirst("http.".count).uppercased()
    let asked = try payload.positiveInteger("timeout_ms").map { Duration.milliseconds($0) }
    request = HTTPClientRequest(
      method: method, url: try payload.text("url"), headers: try HTTPCall.headers(payload),
      timeout: min(asked ?? handled.timeout, handled.timeout), responseBytesMax: HTTPHandler.responseBytesMax,
      redirectsMax: try payload.flag("follow_redirects") ? HTTPHandler.redirectsMax : 0, reach: reach)
    try setBody(payload)
    if HTTPCall.repeating.contains(method) {
      setDefault("Idempotency-Key", HTTPCall.headerValue(handled.idempotencyKey))
    }
  }

  private static func headers(_ payload: PayloadReader) throws(HandlerError) -> [(name: String, value: String)] {
    let place = JSONPointer(["headers"])
    guard let value = payload["headers"] else { return [] }
    guard let object = value.object else { throw HandlerError.invalidPayload(at: place, value, expected: "an object of strings") }
    var headers: [(name: String, value: String)] = []
    for member in object.members {
      let here = place.appending(member.name)
      guard let text = member.value.string else {
        throw HandlerError.invalidPayload(at: here, member.value, expected: "a string")
      }
      if let problem = HeaderRules.problem(name: member.name, value: text) {
        throw HandlerError.invalidPayload(at: here, problem)
      }
      headers.append((member.name, text))
    }
    // Beside these the client sends an Idempotency-Key and a Content-Type.
    guard headers.count <= HeaderRules.countMax - 2 else {
      throw HandlerError.invalidPayload(at: place, "must have at most \(HeaderRules.countMax - 2) members, not \(headers.count)")
    }
    if let problem = HeaderRules.problem(headers) { throw HandlerError.invalidPayload(at: place, problem) }
    return headers
  }

  private mutating func setBody(_ payload: PayloadReader) throws(HandlerError) {
    let given = ["body", "json", "body_base64"].filter { payload[$0] != nil }
    guard given.count <= 1 else {
      throw HandlerError.invalidPayload(at: JSONPointer(), "must have one of \(given.joined(separator: " and ")), not both")
    }
    if let first = given.first, !["POST", "PUT", "PATCH"].contains(request.method) {
      throw HandlerError.invalidPayload(
        at: JSONPointer([first]), "is not sent with \(request.method); only post, put and patch have a body")
    }
    if let text = try payload.optionalText("body") {
      request.body = Bytes(text)
    } else if let text = try payload.optionalText("body_base64") {
      request.body = try PayloadReader.bytes(base64: text, at: "body_base64")
    } else if let value = payload["json"] {
      request.body = value.encoded()
      setDefault("Content-Type", "application/json")
    }
  }

  private mutating func setDefault(_ name: String, _ value: String) {
    guard !request.headers.contains(where: { $0.name.lowercased() == name.lowercased() }) else { return }
    request.headers.append((name, value))
  }

  /// Keys are any text; what a header cannot carry is percent-encoded, so that different keys stay different.
  private static func headerValue(_ key: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    let bytes = key.utf8.flatMap { byte -> [UInt8] in
      (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "%")
        ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
