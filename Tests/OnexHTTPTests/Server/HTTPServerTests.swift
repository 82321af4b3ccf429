import OnexCore
import OnexHTTP
import Testing

@Suite struct HTTPServerTests {
  private let server: HTTPServer
  private let client = CurlHTTPClient()

  init() throws {
    var limits = HTTPServerLimits()
    limits.bodyBytesMax = 1000
    server = try HTTPServer(
      host: "127.0.0.1", port: 0, limits: limits,
      routes: [
        .get("/hello") { request in .text(200, "hello \(request.parameter("name") ?? "nobody")") },
        .post("/echo") { request in
          .json(201, request.body, headers: [("X-Seen", request.header("X-ASKED") ?? "-"), ("X-Method", request.method)])
        },
      ])
  }

  private func send(_ method: String, _ path: String, headers: [(name: String, value: String)] = [], body: Bytes? = nil)
    async throws -> HTTPClientResponse
  {
    try await client.send(
      HTTPClientRequest(method: method, url: "http://127.0.0.1:\(server.port)\(path)", headers: headers, body: body))
  }

  private func header(_ name: String, _ response: HTTPClientResponse) -> String? {
    response.headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }

  @Test func aRouteAnswersWithItsQueryDecoded() async throws {
    let response = try await send("GET", "/hello?name=a%20b%26c")
    #expect(response.status == 200)
    #expect(response.body == "hello a b&c")
    #expect(header("Content-Type", response) == "text/plain; charset=utf-8")
    #expect(header("Cache-Control", response) == "no-store")
  }

  @Test func headAnswersAsGetWithoutABody() async throws {
    let response = try await send("HEAD", "/hello")
    #expect(response.status == 200 && response.body.isEmpty)
    #expect(header("Content-Length", response) == "12")
  }

  @Test func aBodyArrivesWholeWithItsHeaders() async throws {
    let body = Bytes([UInt8](repeating: 7, count: 1000))
    let response = try await send("POST", "/echo", headers: [("x-asked", "yes")], body: body)
    #expect(response.status == 201 && response.body == body)
    #expect(header("X-Seen", response) == "yes" && header("X-Method", response) == "POST")
  }

  @Test func aBodyOverTheLimitIs413AndTheServerGoesOn() async throws {
    let response = try await send("POST", "/echo", body: Bytes([UInt8](repeating: 7, count: 1001)))
    #expect(response.status == 413)
    #expect(response.body.text.contains("PAYLOAD_TOO_LARGE"))
    #expect(try await send("GET", "/hello").status == 200)
  }

  @Test func aPathNobodyAnswersIs404() async throws {
    let response = try await send("GET", "/hello/")
    #expect(response.status == 404)
    #expect(response.body == "{\"error\":{\"code\":\"NOT_FOUND\",\"message\":\"no such path\"}}\n")
    #expect(header("Content-Type", response) == "application/json")
  }

  @Test(arguments: [("DELETE", "/hello", "GET, HEAD"), ("POST", "/hello", "GET, HEAD"), ("GET", "/echo", "POST")])
  func aMethodThatAPathDoesNotAnswerIs405AndNamesTheOthers(method: String, path: String, allowed: String) async throws {
    let response = try await send(method, path)
    #expect(response.status == 405)
    #expect(header("Allow", response) == allowed)
    #expect(response.body.text.contains("METHOD_NOT_ALLOWED"))
  }

  @Test func manyClientsAreAnsweredAtOnce() async throws {
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<200 { group.addTask { try await send("GET", "/hello").status } }
      for try await status in group { #expect(status == 200) }
    }
  }

  @Test func aBusyPortIsNamed() throws {
    do {
      _ = try HTTPServer(host: "127.0.0.1", port: server.port, routes: [])
      Issue.record("the port was opened twice")
    } catch {
      #expect(error.code == .addressInUse)
      #expect(error.message == "port \(server.port) on 127.0.0.1 is in use by another process")
    }
  }

  @Test func anAddressThatIsNotThisMachinesIsNamed() throws {
    do {
      _ = try HTTPServer(host: "192.0.2.1", port: 0, routes: [])
      Issue.record("a foreign address was opened")
    } catch {
      #expect(error.code == .addressNotAvailable)
      #expect(error.message == "192.0.2.1 is not an address of this machine")
    }
  }

  @Test func aStoppedServerRefusesAndFreesItsPort() async throws {
    let port = server.port
    server.stop()
    server.stop()
    await #expect(throws: HTTPClientError.self) { try await send("GET", "/hello") }
    let next = try HTTPServer(host: "127.0.0.1", port: port, routes: [.get("/hello") { _ in .text(200, "again") }])
    #expect(try await send("GET", "/hello").body == "again")
    next.stop()
  }
}
