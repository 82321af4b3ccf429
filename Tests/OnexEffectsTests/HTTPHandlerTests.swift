import OnexCore
import OnexEffects
import OnexHTTP
import OnexJSON
import OnexKernel
import Testing

@Suite struct HTTPHandlerTests {
  private func handler(_ client: any HTTPClient, hosts: [String] = ["a.test"]) throws -> HTTPHandler {
    try HTTPHandler(setup(allowedHosts: hosts, http: client))
  }

  private func sent(_ operation: String, _ payload: JSONValue, key: String = "key-1") async throws -> HTTPClientRequest {
    let client = RecordingClient()
    _ = try await ask(try handler(client), operation, payload, key: key)
    return try #require(client.sent.first)
  }

  private func header(_ name: String, of request: HTTPClientRequest) -> String? {
    request.headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }

  @Test func thePlainestRequestIsSentWithWhatTheContractAllows() async throws {
    let request = try await sent("http.get", ["url": "http://a.test/x"])
    #expect(request.method == "GET")
    #expect(request.url == "http://a.test/x")
    #expect(request.headers.isEmpty)
    #expect(request.body == nil)
    #expect(request.timeout == .seconds(20))
    #expect(request.redirectsMax == 0)
    #expect(request.responseBytesMax == HTTPHandler.responseBytesMax)
    #expect(request.reach.hosts == ["a.test"])
    #expect(!request.reach.privateAddresses)
  }

  @Test func aTimeoutShortensTheRuntimesAndNeverLengthensIt() async throws {
    #expect(try await sent("http.get", ["url": "http://a.test", "timeout_ms": 50]).timeout == .milliseconds(50))
    #expect(try await sent("http.get", ["url": "http://a.test", "timeout_ms": 999_999]).timeout == .seconds(20))
  }

  @Test(arguments: ["1000.0", "1e3", "1000"])
  func aWholeNumberIsAnIntegerHoweverItIsWritten(literal: String) async throws {
    let timeout = JSONValue.number(JSONNumber(validatedLiteral: literal))
    #expect(try await sent("http.get", ["url": "http://a.test", "timeout_ms": timeout]).timeout == .seconds(1))
  }

  @Test(arguments: ["0", "-1", "0.5", "1e400", "-1e400", "1e30", "9223372036854775807", "9223372036854775808", "1e-400"])
  func aTimeoutThatIsNoNumberOfMillisecondsIsRefused(literal: String) async throws {
    let timeout = JSONValue.number(JSONNumber(validatedLiteral: literal))
    let error = await refusal(try handler(RecordingClient()), "http.get", ["url": "http://a.test", "timeout_ms": timeout])
    #expect(refusedPath(error) == "/timeout_ms")
  }

  @Test func aTimeoutOfThePayloadIsTheRequestersLimitAndTheContractsIsNot() async throws {
    let client = RecordingClient(.failure(HTTPClientError(.timedOut, "the cause")))
    let own = await refusal(try handler(client), "http.get", ["url": "http://a.test", "timeout_ms": 1])
    #expect(own?.code == .handlerTimeout && own?.isCallersLimit == true)
    let full = await refusal(try handler(client), "http.get", ["url": "http://a.test", "timeout_ms": 30_000])
    #expect(full?.code == .handlerTimeout && full?.isCallersLimit == false)
  }

  @Test(arguments: [
    (#"{"url":"http://A.test/x?y"}"#, "http://a.test:80"), (#"{"url":"https://[::1]/"}"#, "https://[::1]:443"),
    (#"{"url":"ftp://a.test/"}"#, nil), (#"{"url":1}"#, nil), ("[]", nil),
  ])
  func theTargetIsTheOriginOfTheURL(payload: String, target: String?) throws {
    #expect(try handler(RecordingClient()).target(of: Bytes(payload)) == target.map { Bytes($0) })
  }

  @Test func tooManyHeadersOfAPayloadAreRefused() async throws {
    let headers = JSONObject((0..<10_000).map { ("x-\($0)", .string("")) })
    let error = await refusal(try handler(RecordingClient()), "http.get", ["url": "http://a.test", "headers": .object(headers)])
    #expect(refusedPath(error) == "/headers")
  }

  @Test func anUnassignedStatusIsAnAnswer() async throws {
    let answer = try await ask(try handler(RecordingClient(status: 999)), "http.get", ["url": "http://a.test"])
    #expect(answer["status"] == 999)
  }

  @Test func redirectsAreFollowedOnRequest() async throws {
    let request = try await sent("http.get", ["url": "http://a.test", "follow_redirects": true])
    #expect(request.redirectsMax == HTTPHandler.redirectsMax)
  }

  @Test(
    arguments: [
      (["body": "é"], "é", nil), (["body_base64": "AAH/"], nil, nil),
      (["json": ["b": [1, nil], "a": "x"]], "{\"b\":[1,null],\"a\":\"x\"}", "application/json"),
    ] as [(JSONValue, String?, String?)])
  func aBodyIsSentAsGiven(body: JSONValue, text: String?, type: String?) async throws {
    var payload = JSONObject([("url", "http://a.test")])
    for member in try #require(body.object).members { payload.append(member.name, member.value) }
    let request = try await sent("http.post", .object(payload))
    #expect(request.body == (text.map { Bytes($0) } ?? Bytes([0, 1, 255])))
    #expect(header("Content-Type", of: request) == type)
  }

  @Test func theCallersContentTypeIsKept() async throws {
    let request = try await sent(
      "http.put", ["url": "http://a.test", "json": [], "headers": ["content-type": "application/vnd.x+json"]])
    #expect(request.headers.map(\.value) == ["application/vnd.x+json"])
  }

  @Test(
    arguments: [
      ("http.get", nil), ("http.head", nil), ("http.put", nil), ("http.delete", nil), ("http.post", "key-1"),
      ("http.patch", "key-1"),
    ] as [(String, String?)])
  func theIdempotencyKeyGoesWithVerbsThatMayActTwice(operation: String, key: String?) async throws {
    #expect(header("Idempotency-Key", of: try await sent(operation, ["url": "http://a.test"])) == key)
  }

  @Test func aKeyThatNoHeaderCanCarryIsEncoded() async throws {
    let request = try await sent("http.post", ["url": "http://a.test"], key: "a b%\r\né")
    #expect(header("Idempotency-Key", of: request) == "a%20b%25%0D%0A%C3%A9")
  }

  @Test func theCallersOwnKeyWins() async throws {
    let request = try await sent("http.post", ["url": "http://a.test", "headers": ["idempotency-key": "mine"]])
    #expect(request.headers.map(\.value) == ["mine"])
  }

  @Test func aResponseOfAnyStatusIsAnAnswer() async throws {
    let client = RecordingClient(
      status: 503, headers: [("X-A", "1"), ("Server", "s"), ("x-a", "2")], body: "{\"error\": \"é\"}")
    let answer = try await ask(try handler(client), "http.get", ["url": "http://a.test"])
    #expect(
      answer == [
        "status": 503, "url": "http://end.test/", "headers": ["x-a": "1, 2", "server": "s"], "body": "{\"error\": \"é\"}",
      ])
  }

  @Test func aBodyThatIsNoTextArrivesUnchanged() async throws {
    let client = RecordingClient(body: Bytes([0xFF, 0xFE, 0]))
    let answer = try await ask(try handler(client), "http.get", ["url": "http://a.test"])
    #expect(answer["body_base64"] == "//4A")
    #expect(answer["body"] == nil)
  }

  @Test(
    arguments: [
      (.forbiddenHost, .notAllowed, false), (.unresolvedHost, .handlerUnavailable, true),
      (.connectionFailed, .handlerUnavailable, true), (.tls, .handlerUnavailable, false), (.timedOut, .handlerTimeout, true),
      (.responseTooLarge, .outputTooLarge, false), (.tooManyRedirects, .handlerFailed, false),
      (.protocolError, .handlerFailed, false), (.invalidURL, .schemaViolation, false),
    ] as [(HTTPClientError.Code, ErrorCode, Bool)])
  func everyFailureHasItsCode(cause: HTTPClientError.Code, code: ErrorCode, isRetriable: Bool) async throws {
    let client = RecordingClient(.failure(HTTPClientError(cause, "the cause")))
    let error = try #require(await refusal(try handler(client), "http.get", ["url": "http://a.test"]))
    #expect(error.code == code)
    #expect(error.isRetriable == isRetriable)
    #expect(error.message.contains("the cause"))
  }

  @Test func aHostThatIsNotAllowedIsAnsweredWithWhereToAllowIt() async throws {
    let client = CurlHTTPClient()
    for hosts in [[], ["b.test"]] {
      let error = try #require(await refusal(try handler(client, hosts: hosts), "http.get", ["url": "http://a.test"]))
      #expect(error.code == .notAllowed)
      #expect(error.message.contains("a.test"))
      #expect(error.message.contains("security.allowed_hosts of the contract \"the-contract\""))
    }
  }

  @Test func aCancelledTransferIsACancellation() async throws {
    let client = RecordingClient(.failure(HTTPClientError(.cancelled, "")))
    await #expect(throws: CancellationError.self) {
      _ = try await ask(try handler(client), "http.get", ["url": "http://a.test"])
    }
  }

  @Test(
    arguments: [
      ("http.get", [:], "/url"), ("http.get", ["url": 1], "/url"), ("http.get", ["url": "u", "headers": []], "/headers"),
      ("http.get", ["url": "u", "headers": ["A": 1]], "/headers/A"),
      ("http.get", ["url": "u", "headers": ["A": "b\r\nc"]], "/headers/A"),
      ("http.get", ["url": "u", "headers": ["A/B": "b"]], "/headers/A~1B"),
      ("http.get", ["url": "u", "headers": ["Host": "other"]], "/headers/Host"),
      ("http.get", ["url": "u", "timeout_ms": 0], "/timeout_ms"), ("http.get", ["url": "u", "timeout_ms": "5"], "/timeout_ms"),
      ("http.get", ["url": "u", "follow_redirects": "yes"], "/follow_redirects"),
      ("http.get", ["url": "u", "body": "b"], "/body"), ("http.post", ["url": "u", "body": 1], "/body"),
      ("http.post", ["url": "u", "body_base64": "%"], "/body_base64"), ("http.post", ["url": "u", "body": "", "json": 1], ""),
    ] as [(String, JSONValue, String)])
  func whatCannotBeSentIsNamedByItsPath(operation: String, payload: JSONValue, path: String) async throws {
    let client = RecordingClient()
    let error = await refusal(try handler(client), operation, payload)
    #expect(refusedPath(error) == path)
    #expect(client.sent.isEmpty)
  }

  @Test func anUnknownVerbIsAnsweredWithTheKnownOnes() async throws {
    let error = await refusal(try handler(RecordingClient()), "http.trace", ["url": "http://a.test"])
    #expect(error?.code == .unknownOperation)
    #expect(error?.message.contains("http.get, http.post") == true)
  }

  @Test func aHandlerWithoutAClientOrWithABadHostIsNotMade() {
    #expect(throws: HandlerError.self) { _ = try HTTPHandler(setup()) }
    #expect(throws: HandlerError.self) { _ = try HTTPHandler(setup(allowedHosts: ["http://a"], http: RecordingClient())) }
  }

  @Test func aRealServerIsAsked() async throws {
    let server = try HTTPServer(
      host: "127.0.0.1", port: 0,
      routes: [
        HTTPRoute("POST", "/echo") { request in
          HTTPServerResponse(status: 201, contentType: "text/plain", body: request.body)
        }
      ])
    defer { server.stop() }
    let handler = try handler(CurlHTTPClient(), hosts: ["127.0.0.1:*"])
    let answer = try await ask(handler, "http.post", ["url": .string("http://127.0.0.1:\(server.port)/echo"), "json": ["a": 1]])
    #expect(answer["status"] == 201)
    #expect(answer["body"] == "{\"a\":1}")
    #expect(answer["headers"]?["content-type"] == "text/plain")
  }
}
