import OnexHTTP
import Testing

/// What a client sends that no proper client would, over a bare socket.
@Suite struct HTTPServerWireTests {
  private let server: HTTPServer

  init() throws {
    var limits = HTTPServerLimits()
    limits.bodyBytesMax = 100
    limits.headerBytesMax = 2048
    limits.idleTimeoutSeconds = 1
    server = try HTTPServer(
      host: "127.0.0.1", port: 0, limits: limits,
      routes: [.post("/echo") { .text(200, $0.body.text) }, .get("/") { _ in .text(200, "here") }])
  }

  private func exchange(_ text: String) async throws -> String { try await RawExchange.send(text, to: server.port) }

  @Test func aChunkedBodyWithinTheLimitIsPutTogether() async throws {
    let answer = try await exchange(
      "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    #expect(answer.hasPrefix("HTTP/1.1 200") && answer.hasSuffix("abcde"))
  }

  @Test func aChunkedBodyOverTheLimitIs413() async throws {
    let chunk = "78\r\n" + String(repeating: "x", count: 120) + "\r\n0\r\n\r\n"
    let answer = try await exchange(
      "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + chunk)
    #expect(answer.hasPrefix("HTTP/1.1 413"))
  }

  @Test(arguments: ["99999999999999999999", "-1", "x", "101"])
  func aDeclaredLengthThatCannotBeReadIsRefusedBeforeTheBody(length: String) async throws {
    let answer = try await exchange("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: \(length)\r\n\r\n")
    #expect(answer.hasPrefix("HTTP/1.1 4"), "\(answer.prefix(40))")
  }

  @Test func noiseAndEndlessHeadersAreRefusedAndTheServerGoesOn() async throws {
    let endless = "GET / HTTP/1.1\r\nHost: h\r\nX: " + String(repeating: "x", count: 5000) + "\r\n\r\n"
    for text in ["\0\u{1}\u{2}\r\n\r\n", "GET\r\n\r\n", endless] {
      let answer = try await exchange(text)
      #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 4"), "\(answer.prefix(40))")
    }
    #expect(try await exchange("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").hasSuffix("here"))
  }

  @Test func aClientThatStopsInTheMiddleIsDisconnected() async throws {
    #expect(try await exchange("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 50\r\n\r\nabc").isEmpty)
  }

  @Test(arguments: [
    "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
    "GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n", "GET /?a=%00 HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nX-A : a\r\n\r\n",
    "GET / HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nX\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nContent-Length : 0\r\n\r\n",
  ])
  func aRequestThatProgramsReadDifferentlyIsRefused(text: String) async throws {
    let answer = try await exchange(text)
    #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 4"), "\(text.debugDescription): \(answer.prefix(40))")
  }
}
