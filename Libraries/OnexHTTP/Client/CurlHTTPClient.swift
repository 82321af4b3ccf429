import OnexCore

/// HTTP/1.1 and HTTP/2 over libcurl, on one thread of its own that all requests of a process share, with their connections.
///
/// TLS certificates are verified; environment proxies, `.netrc`, cookies and every scheme but `http` and `https` are ignored or
/// refused. Bodies arrive as they were sent: nothing is decompressed.
public final class CurlHTTPClient: HTTPClient {
  private let loop: CurlLoop

  public init(limits: CurlLimits = CurlLimits()) {
    loop = CurlLoop(limits: limits)
  }

  /// Ends the thread. Nobody can be waiting for an answer then: who does holds the client.
  deinit { loop.stop() }

  public func send(_ request: HTTPClientRequest) async throws(HTTPClientError) -> HTTPClientResponse {
    try CurlHTTPClient.check(request)
    let deadline = ContinuousClock.now + min(request.timeout, CurlLimits.timeoutMax)
    let rules = try ReachRules(request.reach)
    let first = try RequestURL(request.url)
    let firstPermission = try rules.permission(for: first)

    var (current, url, permission, redirects) = (request, first, firstPermission, 0)
    while true {
      let response = try await transfer(current, to: url, permission, deadline)
      guard request.redirectsMax > 0, let target = try Redirect.target(of: response, from: url) else { return response }
      guard redirects < request.redirectsMax else {
        throw HTTPClientError(
          .tooManyRedirects, "\(first.origin) redirected \(redirects + 1) times; at most \(request.redirectsMax) are followed")
      }
      redirects += 1
      permission = try CurlHTTPClient.redirected(from: url) { () throws(HTTPClientError) in
        try rules.permission(redirectedTo: target, from: first, with: firstPermission)
      }
      current = Redirect.request(current, after: response.status, from: url, to: target)
      url = target
    }
  }

  /// One request and its response, without following anything.
  private func transfer(
    _ request: HTTPClientRequest, to url: RequestURL, _ permission: AddressPermission, _ deadline: ContinuousClock.Instant
  ) async throws(HTTPClientError) -> HTTPClientResponse {
    let id = loop.nextID()
    let result: CurlOutcome = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        loop.submit(
          CurlJob(id: id, request: request, url: url, permission: permission, deadline: deadline, continuation: continuation))
        // A cancellation from before the submission found nothing to cancel.
        if Task.isCancelled { loop.cancel(id) }
      }
    } onCancel: {
      loop.cancel(id)
    }
    return try result.get()
  }

  private static func redirected<T>(
    from url: RequestURL, _ body: () throws(HTTPClientError) -> T
  ) throws(HTTPClientError) -> T {
    do {
      return try body()
    } catch {
      throw HTTPClientError(error.code, "the redirect of \(url.origin) is not followed: \(error.message)")
    }
  }

  private static func check(_ request: HTTPClientRequest) throws(HTTPClientError) {
    guard HeaderRules.isToken(request.method) else {
      throw HTTPClientError(.protocolError, "the method is no token of RFC 9110: GET, POST and so on")
    }
    if let problem = HeaderRules.problem(request.headers) {
      throw HTTPClientError(.protocolError, "the headers \(problem)")
    }
    for header in request.headers {
      if let problem = HeaderRules.problem(name: header.name, value: header.value) {
        throw HTTPClientError(.protocolError, "the header \"\(header.name.prefix(80))\" \(problem)")
      }
    }
  }
}
