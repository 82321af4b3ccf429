import OnexCore

/// What a handler answers. The server adds `Date`, `Content-Length` and `Connection`.
public struct HTTPServerResponse: Sendable {
  public let status: Int
  public let contentType: String
  public let headers: [(name: String, value: String)]
  public let body: Bytes

  public init(status: Int, contentType: String, headers: [(name: String, value: String)] = [], body: Bytes) {
    precondition((200...599).contains(status), "a final status is 200 to 599 (RFC 9110 section 15)")
    self.status = status
    self.contentType = contentType
    self.headers = headers
    self.body = body
  }

  /// `body` is JSON already.
  public static func json(_ status: Int, _ body: Bytes, headers: [(name: String, value: String)] = []) -> HTTPServerResponse {
    HTTPServerResponse(status: status, contentType: "application/json", headers: headers, body: body)
  }

  public static func text(_ status: Int, _ body: String, contentType: String = "text/plain; charset=utf-8") -> HTTPServerResponse
  {
    HTTPServerResponse(status: status, contentType: contentType, body: Bytes(body))
  }

  /// `{"error":{"code":…,"message":…}}`. Both are constants: nothing of the request is echoed.
  static func error(
    _ status: Int, _ code: StaticString, _ message: StaticString, headers: [(name: String, value: String)] = []
  ) -> HTTPServerResponse {
    .json(status, Bytes("{\"error\":{\"code\":\"\(code)\",\"message\":\"\(message)\"}}\n"), headers: headers)
  }
}
