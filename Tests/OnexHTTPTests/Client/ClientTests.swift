import OnexCore
import OnexHTTP
import Testing

@Suite struct ClientTests {
  private func request(
    _ server: ScriptedServer, _ path: String = "/", method: String = "GET", timeout: Duration = .seconds(20)
  ) -> HTTPClientRequest {
    HTTPClientRequest(method: method, url: server.url + path, timeout: timeout)
  }

  private func failure(_ client: CurlHTTPClient, _ request: HTTPClientRequest) async -> HTTPClientError? {
    do {
      _ = try await client.send(request)
      return nil
    } catch {
      return error
    }
  }

  @Test func aResponseArrivesWithStatusHeadersAndBody() async throws {
    let server = ScriptedServer { _ in .response(404, ["X-One: 1", "x-two:  spaced  ", "X-One: again"], body: "not here") }
    defer { server.stop() }
    let response = try await CurlHTTPClient().send(request(server, "/a?b=c#d"))
    #expect(response.status == 404)
    #expect(response.body.text == "not here")
    #expect(response.headers.filter { $0.name.lowercased() == "x-one" }.map(\.value) == ["1", "again"])
    #expect(response.headers.contains { $0.name == "x-two" && $0.value == "spaced" })
    #expect(response.url == server.url + "/a?b=c")
    #expect(server.seen[0].path == "/a?b=c")
  }

  @Test(arguments: ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
  func everyMethodIsSentAsItIs(method: String) async throws {
    let server = ScriptedServer { $0.method == "HEAD" ? .response(200) : .response(200, body: "body") }
    defer { server.stop() }
    var sent = request(server, method: method)
    if ["POST", "PUT", "PATCH"].contains(method) { sent.body = "{\"a\":1}" }
    sent.headers = [("X-Test", "yes"), ("X-Empty", "")]
    let response = try await CurlHTTPClient().send(sent)
    let seen = try #require(server.seen.first)
    #expect(seen.method == method)
    #expect(seen.header("X-Test") == "yes")
    #expect(seen.header("X-Empty") == "")
    #expect(seen.header("Expect") == nil)
    #expect(seen.header("Content-Type") == nil)
    #expect(seen.body == (sent.body?.text ?? ""))
    #expect(response.body.text == (method == "HEAD" ? "" : "body"))
  }

  @Test func aPostWithoutABodySaysThatItHasNone() async throws {
    let server = ScriptedServer { _ in .response(200) }
    defer { server.stop() }
    _ = try await CurlHTTPClient().send(request(server, method: "POST"))
    #expect(server.seen[0].header("Content-Length") == "0")
  }

  @Test func connectionsAreUsedAgain() async throws {
    let server = ScriptedServer { _ in .response(200) }
    defer { server.stop() }
    let client = CurlHTTPClient()
    for _ in 0..<5 { _ = try await client.send(request(server)) }
    #expect(server.seen.map(\.connection) == [0, 0, 0, 0, 0])
  }

  @Test func aConnectionThatMoreWasAllowedToIsNotReusedByARequestThatMayLess() async throws {
    let server = ScriptedServer { _ in .response(200) }
    defer { server.stop() }
    let client = CurlHTTPClient()
    _ = try await client.send(request(server))
    var strict = request(server)
    strict.reach = .init(hosts: nil, privateAddresses: false)
    #expect(await failure(client, strict)?.code == .forbiddenHost)
    #expect(server.seen.count == 1)
  }

  @Test func aChunkedBodyIsPutTogether() async throws {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
    let bytes = head + "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n"
    let server = ScriptedServer { _ in .init(bytes: bytes) }
    defer { server.stop() }
    #expect(try await CurlHTTPClient().send(request(server)).body.text == "abcde")
  }

  @Test(arguments: [
    "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",
    "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + String(repeating: "x", count: 101),
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" + String(repeating: "x", count: 101) + "\r\n0\r\n\r\n",
  ])
  func aBodyOverTheLimitIsRefusedHoweverItIsSent(bytes: String) async {
    let server = ScriptedServer { _ in .init(bytes: bytes, ending: .close) }
    defer { server.stop() }
    var sent = request(server)
    sent.responseBytesMax = 100
    let error = await failure(CurlHTTPClient(), sent)
    #expect(error?.code == .responseTooLarge)
    #expect(error?.message.contains("larger than 100 bytes") == true)
  }

  @Test func aBodyAtTheLimitAndAHeadOfALargerOneAreNot() async throws {
    let server = ScriptedServer {
      $0.method == "HEAD"
        ? .init(bytes: "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        : .response(200, body: String(repeating: "x", count: 100))
    }
    defer { server.stop() }
    for method in ["GET", "HEAD"] {
      var sent = request(server, method: method)
      sent.responseBytesMax = 100
      #expect(try await CurlHTTPClient().send(sent).status == 200)
    }
  }

  @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"])
  func aServerThatFallsSilentIsGivenUp(bytes: String) async {
    let server = ScriptedServer { _ in .init(bytes: bytes, ending: .hang) }
    defer { server.stop() }
    let error = await failure(CurlHTTPClient(), request(server, timeout: .milliseconds(50)))
    #expect(error?.code == .timedOut && error?.isRetriable == true)
    #expect(error?.message.contains("50 ms") == true)
  }

  @Test(arguments: [ScriptedServer.Ending.reset, .close])
  func aConnectionThatBreaksIsAFailedConnection(ending: ScriptedServer.Ending) async {
    for bytes in ["", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"] {
      let server = ScriptedServer { _ in .init(bytes: bytes, ending: ending) }
      defer { server.stop() }
      let error = await failure(CurlHTTPClient(), request(server))
      #expect(error?.code == .connectionFailed && error?.isRetriable == true)
    }
  }

  @Test func aPortThatNobodyListensOnIsAFailedConnection() async {
    // Held without listening, so that nobody else takes it.
    let (descriptor, port) = LoopbackSocket.bound()
    defer { LoopbackSocket.close(descriptor) }
    let error = await failure(CurlHTTPClient(), HTTPClientRequest(method: "GET", url: "http://127.0.0.1:\(port)/"))
    #expect(error?.code == .connectionFailed)
  }

  @Test func whatIsNotHTTPIsAProtocolError() async {
    let server = ScriptedServer { _ in .init(bytes: "SSH-2.0-OpenSSH\r\n", ending: .close) }
    defer { server.stop() }
    #expect(await failure(CurlHTTPClient(), request(server))?.code == .protocolError)
  }

  @Test func aPlainServerIsNoTLSServer() async {
    let server = ScriptedServer(greeting: "HTTP/1.1 400 No\r\n\r\n") { _ in .silence }
    defer { server.stop() }
    let error = await failure(CurlHTTPClient(), HTTPClientRequest(method: "GET", url: "https://127.0.0.1:\(server.port)/"))
    #expect(error?.code == .tls && error?.isRetriable == false)
  }

  @Test func cancellingTheTaskEndsTheTransfer() async {
    let server = ScriptedServer { _ in .silence }
    defer { server.stop() }
    let client = CurlHTTPClient()
    let sent = request(server)
    let task = Task { await failure(client, sent) }
    await server.reads(1)
    task.cancel()
    #expect(await task.value?.code == .cancelled)
  }

  @Test func aTaskThatWasCancelledBeforeSendsNothing() async {
    let server = ScriptedServer { _ in .silence }
    defer { server.stop() }
    let client = CurlHTTPClient()
    let sent = request(server)
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return await failure(client, sent)
    }
    #expect(await task.value?.code == .cancelled)
  }

  @Test func transfersAreBoundedAndOthersWaitTheirTurnOrAreRefused() async throws {
    let server = ScriptedServer { $0.path == "/held" ? .silence : .response(200) }
    defer { server.stop() }
    var limits = CurlLimits()
    limits.transfersMax = 1
    limits.waitingMax = 1
    let client = CurlHTTPClient(limits: limits)
    let (held, free) = (request(server, "/held"), request(server, "/free"))
    let first = Task { await failure(client, held) }
    await server.reads(1)
    // The waiting one times out in the queue: it is not sent while the first holds the only transfer.
    let expiring = await failure(client, request(server, "/free", timeout: .milliseconds(20)))
    #expect(expiring?.code == .timedOut)
    #expect(server.seen.count == 1)

    // Of three more, one may wait; the other two are told at once.
    let outcomes = await withTaskGroup(of: HTTPClientError?.self) { group in
      for _ in 0..<3 { group.addTask { await failure(client, free) } }
      let refused = [await group.next(), await group.next()].map { $0 ?? nil }
      first.cancel()
      return refused + [await group.next() ?? nil]
    }
    #expect(outcomes.map { $0?.code } == [.connectionFailed, .connectionFailed, nil])
    #expect(outcomes[0]?.isRetriable == true)
    #expect(outcomes[0]?.message.contains("1 requests are being sent and 1 wait") == true)
    #expect(await first.value?.code == .cancelled)
  }

  @Test func manyRequestsAtOnceAllGetTheirOwnAnswer() async throws {
    let server = ScriptedServer { .response(200, body: $0.path) }
    defer { server.stop() }
    let client = CurlHTTPClient()
    let base = server.url
    let bodies = try await withThrowingTaskGroup(of: (Int, String).self) { group in
      for index in 0..<200 {
        group.addTask { (index, try await client.send(HTTPClientRequest(method: "GET", url: base + "/\(index)")).body.text) }
      }
      return try await group.reduce(into: [Int: String]()) { $0[$1.0] = $1.1 }
    }
    #expect(bodies == Dictionary(uniqueKeysWithValues: (0..<200).map { ($0, "/\($0)") }))
  }

  @Test(arguments: [
    ("Host", "other.test"), ("content-length", "5"), ("Transfer-Encoding", "chunked"), ("X-A", "b\r\nX-Injected: 1"),
    ("X-A\r\nX-B", "1"), ("", "x"), ("X A", "1"), ("X-A", "b\u{0}c"), ("Connection", "close"),
  ])
  func aHeaderThatIsNotTheCallersToSetIsRefused(name: String, value: String) async {
    var sent = HTTPClientRequest(method: "GET", url: "http://127.0.0.1:1/")
    sent.headers = [(name, value)]
    #expect(await failure(CurlHTTPClient(), sent)?.code == .protocolError)
  }

  @Test(arguments: ["", "GET /x", "G\r\nT"])
  func aMethodThatIsNoTokenIsRefused(method: String) async {
    let sent = HTTPClientRequest(method: method, url: "http://127.0.0.1:1/")
    #expect(await failure(CurlHTTPClient(), sent)?.code == .protocolError)
  }

  @Test func aNameThatDoesNotExistIsUnresolved() async {
    let sent = HTTPClientRequest(method: "GET", url: "http://does-not-exist.invalid/", timeout: .seconds(20))
    let error = await failure(CurlHTTPClient(), sent)
    #expect(error?.code == .unresolvedHost && error?.isRetriable == true)
  }
}
