/// One path of a server and what answers it.
public struct HTTPRoute: Sendable {
  /// Runs on a thread of the server and must not block it: every other request of that thread waits meanwhile.
  public typealias Handler = @Sendable (HTTPServerRequest) -> HTTPServerResponse

  /// `GET` also answers `HEAD`.
  public let method: String
  /// Compared exactly; starts with a slash.
  public let path: String
  public let handler: Handler

  public init(_ method: String, _ path: String, handler: @escaping Handler) {
    precondition(path.hasPrefix("/"), "a path starts with a slash")
    self.method = method
    self.path = path
    self.handler = handler
  }

  public static func get(_ path: String, handler: @escaping Handler) -> HTTPRoute { HTTPRoute("GET", path, handler: handler) }

  public static func post(_ path: String, handler: @escaping Handler) -> HTTPRoute { HTTPRoute("POST", path, handler: handler) }
}
