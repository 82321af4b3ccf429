import OnexCore

/// A request as a handler sees it: read completely, its body within the server's limit.
public struct HTTPServerRequest: Sendable {
  /// Upper case, as sent.
  public let method: String
  /// Percent-decoded, without the query.
  public let path: String
  public let query: [(name: String, value: String)]
  public let headers: [(name: String, value: String)]
  public let body: Bytes

  public init(
    method: String, path: String, query: [(name: String, value: String)] = [],
    headers: [(name: String, value: String)] = [], body: Bytes = .empty
  ) {
    self.method = method
    self.path = path
    self.query = query
    self.headers = headers
    self.body = body
  }

  /// The first header of that name; names compare without case (RFC 9110 section 5.1).
  public func header(_ name: String) -> String? {
    let wanted = name.lowercased()
    return headers.first { $0.name.lowercased() == wanted }?.value
  }

  /// The first query parameter of that name.
  public func parameter(_ name: String) -> String? { query.first { $0.name == name }?.value }
}
