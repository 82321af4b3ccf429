/// Finds the handler of a request; pure, so that the answers to wrong paths and methods are tested without a socket.
struct HTTPRouter: Sendable {
  enum Match: Sendable {
    case handler(HTTPRoute.Handler)
    /// Nothing answers this request, and this says why.
    case refusal(HTTPServerResponse)
  }

  private let handlers: [String: [String: HTTPRoute.Handler]]

  init(_ routes: [HTTPRoute]) {
    var handlers: [String: [String: HTTPRoute.Handler]] = [:]
    for route in routes {
      precondition(handlers[route.path]?[route.method] == nil, "\(route.method) \(route.path) is routed twice")
      handlers[route.path, default: [:]][route.method] = route.handler
    }
    self.handlers = handlers
  }

  func match(method: String, path: String) -> Match {
    guard let methods = handlers[path] else {
      return .refusal(.error(404, "NOT_FOUND", "no such path"))
    }
    if let handler = methods[method] ?? (method == "HEAD" ? methods["GET"] : nil) { return .handler(handler) }
    let allowed = methods.keys.flatMap { $0 == "GET" ? ["GET", "HEAD"] : [$0] }.sorted().joined(separator: ", ")
    return .refusal(
      .error(
        405, "METHOD_NOT_ALLOWED", "this path does not answer that method; the Allow header names those it does",
        headers: [("Allow", allowed)]))
  }
}
