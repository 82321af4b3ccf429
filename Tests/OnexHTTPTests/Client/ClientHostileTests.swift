import OnexCore
import OnexHTTP
import OnexTestSupport
import Testing

/// Servers that answer with too much, too strangely or never, and callers that ask for it.
@Suite struct ClientHostileTests {
  private func request(_ server: ScriptedServer, _ path: String = "/", timeout: Duration = .seconds(20)) -> HTTPClientRequest {
    HTTPClientRequest(method: "GET", url: server.url + path, timeout: timeout)
  }

  private func failure(_ client: CurlHTTPClient, _ request: HTTPClientRequest) async -> HTTPClientError? {
    do {
      _ = try await client.send(request)
      return nil
    } catch {
      return error
    }
  }

  @Test func asManyHeadersAsAreAllowedArriveInOrder() async throws {
    let lines = (1..<256).map { "Set-Cookie: a\($0)=b" }
    let server = ScriptedServer { _ in .response(200, lines) }
    defer { server.stop() }
    let response = try await CurlHTTPClient().send(request(server))
    #expect(response.headers.count == 256)
    #expect(response.headers.last?.value == "a255=b")
  }

  @Test(arguments: [
    String(repeating: "a: b\r\n", count: 12_000), String(repeating: "Set-Cookie: a=b\r\n", count: 300),
    "X: " + String(repeating: "x", count: 70_000) + "\r\n", "X: " + String(repeating: "x", count: 200_000) + "\r\n",
    String(repeating: "X: " + String(repeating: "x", count: 9_000) + "\r\n", count: 60),
  ])
  func tooManyHeadersAreTheServersFaultAndDelayNobody(lines: String) async throws {
    let server = ScriptedServer { _ in .init(bytes: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\(lines)\r\n", ending: .close) }
    let other = ScriptedServer { _ in .response(200) }
    defer {
      server.stop()
      other.stop()
    }
    let client = CurlHTTPClient()
    let sent = request(server)
    async let refused = failure(client, sent)
    #expect(try await client.send(request(other)).status == 200)
    let error = await refused
    #expect(error?.code == .protocolError && error?.isRetriable == false, "\(String(describing: error))")
  }

  @Test func endlessInformationalResponsesEnd() async {
    let early = String(repeating: "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", count: 5_000)
    let server = ScriptedServer { _ in .init(bytes: early, ending: .hang) }
    defer { server.stop() }
    #expect(await failure(CurlHTTPClient(), request(server))?.code == .protocolError)
  }

  @Test func onlyTheHeadersOfTheFinalResponseAreKept() async throws {
    let bytes =
      "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Folded: a\r\n  b\r\n\r\n"
      + "1\r\nx\r\n0\r\nX-Trailer: 1\r\n\r\n"
    let server = ScriptedServer { _ in .init(bytes: bytes) }
    defer { server.stop() }
    let response = try await CurlHTTPClient().send(request(server))
    #expect(response.headers.map(\.name) == ["Transfer-Encoding", "X-Folded"])
    #expect(response.headers.last?.value == "a b")
  }

  @Test(arguments: [" ", "\t", "   \t ", ""])
  func aHeaderOfBlanksIsSentEmpty(value: String) async throws {
    let server = ScriptedServer { _ in .response(200) }
    defer { server.stop() }
    var sent = request(server)
    sent.headers = [("Idempotency-Key", value), ("X-Last", "1")]
    _ = try await CurlHTTPClient().send(sent)
    #expect(server.seen[0].header("Idempotency-Key")?.trimmedBlanks == "")
    #expect(server.seen[0].header("X-Last") == "1")
  }

  @Test func headersOfARequestAreBoundedAndArriveInOrder() async throws {
    let server = ScriptedServer { _ in .response(200) }
    defer { server.stop() }
    var sent = request(server)
    sent.headers = (0..<256).map { ("X-\($0)", "\($0)") }
    _ = try await CurlHTTPClient().send(sent)
    #expect(server.seen[0].headers.filter { $0.hasPrefix("X-") } == (0..<256).map { "X-\($0): \($0)" })
    sent.headers.append(("X-256", ""))
    #expect(await failure(CurlHTTPClient(), sent)?.message.contains("at most 256") == true)
    sent.headers = [("X", String(repeating: "x", count: 65_536))]
    #expect(await failure(CurlHTTPClient(), sent)?.message.contains("at most 65536") == true)
  }

  @Test(arguments: ["NTLM TlRMTVNTUAAB", "negotiate YII", "Kerberos x", "", " Negotiate  YII"])
  func aConnectionThatAuthenticationMayBindIsNeverShared(value: String) async throws {
    let server = ScriptedServer { _ in .response(200) }
    defer { server.stop() }
    let client = CurlHTTPClient()
    _ = try await client.send(request(server))
    var bound = request(server)
    bound.headers = [("authorization", value)]
    for _ in 0..<2 { _ = try await client.send(bound) }
    _ = try await client.send(request(server))
    let connections = server.seen.map(\.connection)
    #expect(connections[0] == connections[3] && Set(connections).count == 3, "\(connections)")
  }

  @Test func credentialsOfOneRequestKeepTheConnection() async throws {
    let server = ScriptedServer { _ in .response(200) }
    defer { server.stop() }
    let client = CurlHTTPClient()
    for value in ["Bearer a", "basic YTpi", "Digest username=\"a\""] {
      var sent = request(server)
      sent.headers = [("Authorization", value)]
      _ = try await client.send(sent)
    }
    #expect(server.seen.map(\.connection) == [0, 0, 0])
  }

  @Test func anOriginThatHangsLeavesHalfOfTheTransfersToOthers() async throws {
    let hanging = ScriptedServer { _ in .silence }
    let other = ScriptedServer { _ in .response(200) }
    defer {
      hanging.stop()
      other.stop()
    }
    var limits = CurlLimits()
    limits.transfersMax = 8
    let client = CurlHTTPClient(limits: limits)
    let sent = request(hanging)
    let held = (0..<40).map { _ in Task { await failure(client, sent) } }
    await hanging.reads(4)
    for _ in 0..<10 { #expect(try await client.send(request(other)).status == 200) }
    #expect(hanging.seen.count == 4)
    for task in held { task.cancel() }
    for task in held { #expect(await task.value?.code == .cancelled) }
  }

  @Test func aStatusOfThreeDigitsIsData() async throws {
    let server = ScriptedServer { _ in .response(999) }
    defer { server.stop() }
    #expect(try await CurlHTTPClient().send(request(server)).status == 999)
  }
}

extension String {
  fileprivate var trimmedBlanks: String { String(self.drop { $0 == " " || $0 == "\t" }) }
}
