import OnexCore

/// What follows from a response that points elsewhere (RFC 9110 section 15.4).
enum Redirect {
  private static let statuses: Set<Int> = [301, 302, 303, 307, 308]
  /// Meant for the origin they were given for.
  private static let credentials: Set<String> = ["authorization", "cookie"]

  /// Where `response` points to; `nil` when it is no redirect.
  static func target(of response: HTTPClientResponse, from url: RequestURL) throws(HTTPClientError) -> RequestURL? {
    guard statuses.contains(response.status),
      let location = response.headers.first(where: { $0.name.lowercased() == "location" })?.value
    else { return nil }
    do {
      return try RequestURL(location, relativeTo: url)
    } catch {
      // The request's own URL was valid: a location that is not is the server's fault.
      throw HTTPClientError(.protocolError, "the redirect of \(url.origin) cannot be followed: \(error.message)")
    }
  }

  /// The request that is sent to `target`.
  static func request(
    _ request: HTTPClientRequest, after status: Int, from url: RequestURL, to target: RequestURL
  ) -> HTTPClientRequest {
    var next = request
    next.url = target.text
    if status == 303 && request.method != "HEAD" || (status == 301 || status == 302) && request.method == "POST" {
      next.method = "GET"
      next.body = nil
      next.headers.removeAll { $0.name.lowercased().hasPrefix("content-") || $0.name.lowercased() == "idempotency-key" }
    }
    if !target.hasSameOrigin(as: url) {
      next.headers.removeAll { credentials.contains($0.name.lowercased()) }
    }
    return next
  }
}
