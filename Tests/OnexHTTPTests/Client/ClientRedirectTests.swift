import OnexCore
import OnexHTTP
import Testing

@Suite struct ClientRedirectTests {
  private static let open = HTTPClientRequest.Reach(hosts: nil, privateAddresses: true)

  private func request(
    _ server: ScriptedServer, _ path: String = "/start", method: String = "GET", redirects: Int = 5,
    reach: HTTPClientRequest.Reach = open
  ) -> HTTPClientRequest {
    HTTPClientRequest(method: method, url: server.url + path, timeout: .seconds(20), redirectsMax: redirects, reach: reach)
  }

  private func failure(_ request: HTTPClientRequest) async -> HTTPClientError? {
    do {
      _ = try await CurlHTTPClient().send(request)
      return nil
    } catch {
      return error
    }
  }

  @Test func aRedirectIsReturnedUnlessItMayBeFollowed() async throws {
    let server = ScriptedServer { _ in .response(302, ["Location: /next"]) }
    defer { server.stop() }
    let response = try await CurlHTTPClient().send(request(server, redirects: 0))
    #expect(response.status == 302)
    #expect(server.seen.count == 1)
  }

  @Test func aRedirectIsFollowedToItsEnd() async throws {
    let server = ScriptedServer {
      switch $0.path {
      case "/start": .response(301, ["Location: a/b"])
      case "/a/b": .response(307, ["location: ../c?d"])
      default: .response(200, body: "end")
      }
    }
    defer { server.stop() }
    let response = try await CurlHTTPClient().send(request(server))
    #expect(response.body.text == "end")
    #expect(response.url == server.url + "/c?d")
  }

  @Test func aCircleEnds() async {
    let server = ScriptedServer { _ in .response(302, ["Location: /start"]) }
    defer { server.stop() }
    let error = await failure(request(server, redirects: 3))
    #expect(error?.code == .tooManyRedirects && error?.message.contains("at most 3") == true)
    #expect(server.seen.count == 4)
  }

  @Test func oneTimeoutCoversAllHops() async {
    let server = ScriptedServer { $0.path == "/start" ? .response(302, ["Location: /slow"]) : .silence }
    defer { server.stop() }
    var sent = request(server)
    sent.timeout = .milliseconds(200)
    #expect(await failure(sent)?.code == .timedOut)
  }

  @Test(arguments: [
    (301, "POST", "GET"), (302, "POST", "GET"), (303, "POST", "GET"), (303, "PUT", "GET"), (303, "HEAD", "HEAD"),
    (301, "PUT", "PUT"), (307, "POST", "POST"), (308, "POST", "POST"), (302, "DELETE", "DELETE"),
  ])
  func theMethodFollowsRFC9110(status: Int, method: String, expected: String) async throws {
    let server = ScriptedServer { $0.path == "/start" ? .response(status, ["Location: /end"]) : .response(200) }
    defer { server.stop() }
    var sent = request(server, method: method)
    if method == "POST" || method == "PUT" { sent.body = "body" }
    sent.headers = [("Content-Type", "text/plain"), ("Idempotency-Key", "k")]
    _ = try await CurlHTTPClient().send(sent)
    let last = try #require(server.seen.last)
    #expect(last.method == expected)
    let keeps = expected == method
    #expect(last.body == (keeps ? sent.body?.text ?? "" : ""))
    #expect(last.header("Content-Type") == (keeps ? "text/plain" : nil))
    #expect(last.header("Idempotency-Key") == (keeps ? "k" : nil))
  }

  @Test func credentialsStayWithTheOriginTheyWereGivenFor() async throws {
    let other = ScriptedServer { _ in .response(200) }
    defer { other.stop() }
    let target = other.url
    let server = ScriptedServer { .response(302, ["Location: \($0.path == "/start" ? "/same" : target + "/")"]) }
    defer { server.stop() }
    var sent = request(server)
    sent.headers = [("Authorization", "Bearer secret"), ("cookie", "a=b"), ("X-Other", "kept")]
    _ = try await CurlHTTPClient().send(sent)
    #expect(server.seen.map { $0.header("Authorization") } == ["Bearer secret", "Bearer secret"])
    let seen = try #require(other.seen.first)
    #expect(seen.header("Authorization") == nil)
    #expect(seen.header("Cookie") == nil)
    #expect(seen.header("X-Other") == "kept")
  }

  @Test func aRedirectToAHostThatIsNotAllowedIsNotFollowed() async {
    let server = ScriptedServer { _ in .response(302, ["Location: http://example.com/"]) }
    defer { server.stop() }
    let error = await failure(request(server, reach: .init(hosts: ["127.0.0.1"], privateAddresses: true)))
    #expect(error?.code == .forbiddenHost)
    #expect(error?.message.contains("example.com") == true && error?.message.contains("redirect") == true)
  }

  @Test(arguments: ["http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://[::1]/", "http://0.0.0.0/"])
  func aRedirectIntoAPrivateRangeIsNotFollowed(target: String) async {
    let server = ScriptedServer { _ in .response(302, ["Location: \(target)"]) }
    defer { server.stop() }
    let hosts = ["127.0.0.1:*", "169.254.169.254", "10.0.0.1", "::1", "0.0.0.0"]
    let error = await failure(request(server, reach: .init(hosts: hosts, privateAddresses: false)))
    #expect(error?.code == .forbiddenHost)
  }

  @Test func aNeighbourOnThisMachineIsReachedByRedirectOnlyWhenNamedWithItsPort() async throws {
    let neighbour = ScriptedServer { _ in .response(200, body: "neighbour") }
    defer { neighbour.stop() }
    let target = neighbour.url
    let server = ScriptedServer { _ in .response(302, ["Location: \(target)/"]) }
    defer { server.stop() }
    let refused = await failure(request(server, reach: .init(hosts: ["127.0.0.1:*"], privateAddresses: false)))
    #expect(refused?.code == .forbiddenHost)
    #expect(neighbour.seen.isEmpty)
    let named = HTTPClientRequest.Reach(hosts: ["127.0.0.1:*", "127.0.0.1:\(neighbour.port)"], privateAddresses: false)
    #expect(try await CurlHTTPClient().send(request(server, reach: named)).body.text == "neighbour")
  }

  @Test func aRedirectWithinTheFirstOriginIsFollowedThere() async throws {
    let server = ScriptedServer { $0.path == "/start" ? .response(302, ["Location: /end"]) : .response(200) }
    defer { server.stop() }
    let reach = HTTPClientRequest.Reach(hosts: ["127.0.0.1:*"], privateAddresses: false)
    #expect(try await CurlHTTPClient().send(request(server, reach: reach)).status == 200)
  }

  @Test(arguments: ["ftp://example.com/", "file:///etc/passwd", "http://user:secret@example.com/", "http://"])
  func aLocationThatIsNoPlainURLIsNotFollowed(location: String) async {
    let server = ScriptedServer { _ in .response(302, ["Location: \(location)"]) }
    defer { server.stop() }
    let error = await failure(request(server))
    #expect(error?.code == .protocolError && error?.isRetriable == false)
    #expect(error?.message.contains("redirect") == true)
    #expect(error?.message.contains("secret") == false)
  }

  @Test(arguments: ["127.0.0.1", "localhost"])
  func aPrivateAddressIsReachedOnlyUnderANameThatIsListed(host: String) async throws {
    let server = ScriptedServer { _ in .response(200) }
    defer { server.stop() }
    let url = "http://\(host):\(server.port)/"
    func send(_ hosts: [String]?) -> HTTPClientRequest {
      HTTPClientRequest(method: "GET", url: url, timeout: .seconds(20), reach: .init(hosts: hosts, privateAddresses: false))
    }
    #expect(await failure(send(nil))?.code == .forbiddenHost)
    #expect(await failure(send([]))?.code == .forbiddenHost)
    #expect(await failure(send(["example.com"]))?.code == .forbiddenHost)
    // This machine's own addresses need a port: every program on it would be reached otherwise.
    #expect(await failure(send([host]))?.code == .forbiddenHost)
    #expect(await failure(send(["\(host):\(server.port == 1 ? 2 : 1)"]))?.code == .forbiddenHost)
    #expect(server.seen.isEmpty)
    #expect(try await CurlHTTPClient().send(send(["\(host):\(server.port)"])).status == 200)
    #expect(try await CurlHTTPClient().send(send(["\(host):*"])).status == 200)
  }
}
