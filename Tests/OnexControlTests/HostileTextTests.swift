import OnexCommandLine
import OnexCore
import OnexJSON
import Synchronization
import Testing

@testable import OnexControl

/// Whatever clients, agents and handlers put into records: an operator who looks at it sees it, and nothing more happens.
@Suite struct HostileTextTests {
  private static let hostile =
    "\u{1B}]0;owned\u{7}\u{1B}[2J\u{9B}31m\u{7F}\u{202E}\u{2066}\u{200F}\u{2028}\u{2029}\r\nok  forged\n"

  private func printed(_ body: (Terminal) throws -> Void) rethrows -> String {
    let text = Mutex("")
    try body(Terminal { _, part in text.withLock { $0 += part } })
    return text.withLock { $0 }
  }

  private func isHarmless(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
      scalar == "\n" || scalar == "\t" || PrintableText.of(String(scalar)) == String(scalar)
    }
  }

  private func response(success: Bool) -> JSONValue {
    let text = JSONValue.string(HostileTextTests.hostile)
    return [
      "operation": text, "handler": text, "correlation_id": text, "success": .boolean(success), "payload": ["a": text],
      "error": ["code": text, "message": text, "details": [text], "retryable": true],
    ]
  }

  private func letter() -> ConsumedRecord {
    let bytes = Bytes(HostileTextTests.hostile)
    let headers = [
      DeadLetterHeader.originalTopic, DeadLetterHeader.errorCode, DeadLetterHeader.failureReason, DeadLetterHeader.consumerGroup,
      DeadLetterHeader.correlationID, DeadLetterHeader.failureTimestamp, HostileTextTests.hostile,
    ].map { RecordHeader($0, bytes) }
    return ConsumedRecord(
      source: TopicPartition("requests.dlq", 0), offset: 1, key: bytes, value: bytes, headers: headers, timestamp: nil)
  }

  @Test(arguments: [true, false]) func aResponse(_ success: Bool) throws {
    let text = printed { ResponseText.show(response(success: success), isJSON: false, $0) }
    #expect(isHarmless(text) && text.contains("\\u001b]0;owned"))
    // Of the one-line values none may begin a line that looks like the program's own.
    let head = text.split(separator: "\n", omittingEmptySubsequences: false)[0]
    #expect(head.contains("correlation \\u001b") && head.contains("forged"))
  }

  @Test func theJSONOfAResponseIsExactAndOneLine() throws {
    let response = response(success: true)
    let text = printed { ResponseText.show(response, isJSON: true, $0) }
    #expect(isHarmless(text) && text.filter { $0 == "\n" }.count == 1)
    #expect(try JSONValue.parse(Bytes(text.dropLast())) == response)
  }

  @Test func aRecord() throws {
    #expect(isHarmless(RecordText.human(letter())) && !RecordText.human(letter()).contains("\n"))
    let json = printed { $0.print(RecordText.json(letter())) }
    #expect(isHarmless(json) && json.filter { $0 == "\n" }.count == 1)
    #expect(try JSONValue.parse(Bytes(json.dropLast()))["value"]?.string == HostileTextTests.hostile)
  }

  @Test func deadLetters() throws {
    let entry = DeadLetterEntry(letter())
    let texts = [
      DeadLetterText.table([(entry, .open)]), DeadLetterPage.text(letter(), .open), ReplayPreview.text(letter()),
      DeadLetterPage.json(letter(), .open), ReplayPreview.json(letter()), DeadLetterText.json(entry, .open).encoded().text,
    ]
    for text in texts { #expect(isHarmless(printed { $0.print(text) })) }
    #expect(DeadLetterText.table([(entry, .open)]).split(separator: "\n").count == 2)
    var tally = DeadLetterTally()
    tally.add(letter())
    #expect(isHarmless(DeadLetterText.table(tally.groups)))
    #expect(DeadLetterText.table(tally.groups).split(separator: "\n").count == 2)
  }

  @Test func theCauseOfADeadLetterIsTheRuntimesNotTheClients() {
    let headers = ["CLIENT", "RUNTIME"].map { RecordHeader(DeadLetterHeader.errorCode, Bytes($0)) }
    let record = ConsumedRecord(
      source: TopicPartition("requests.dlq", 0), offset: 1, key: nil, value: "x", headers: headers, timestamp: nil)
    #expect(RecordText.human(record).hasSuffix("RUNTIME  x"))
  }

  /// `printError` shows what a broker or a database says of what somebody sent.
  @Test func whatEndsACommand() async {
    let text = Mutex("")
    let context = ControlContext(
      terminal: Terminal { _, part in text.withLock { $0 += part } },
      environment: StackEnvironment(process: ["KAFKA_BOOTSTRAP_SERVERS": HostileTextTests.hostile], currentFolder: "/"),
      handlers: [], http: NoHTTP())
    for arguments in [
      [HostileTextTests.hostile], ["request", HostileTextTests.hostile], ["runs", HostileTextTests.hostile],
      ["dlq", HostileTextTests.hostile], ["dlq", "show", HostileTextTests.hostile], ["tail", "--last", HostileTextTests.hostile],
      ["tail", "t", "--" + HostileTextTests.hostile], ["contracts", "lint", "/nowhere/" + HostileTextTests.hostile],
      ["actions", "tail", "--since", HostileTextTests.hostile], ["replay", "--stream", HostileTextTests.hostile],
      ["help", HostileTextTests.hostile], ["--verbose", "version"], ["migrate", "up", "--dir", HostileTextTests.hostile],
    ] {
      text.withLock { $0 = "" }
      _ = await OnexControl.run(arguments, context)
      let shown = text.withLock { $0 }
      #expect(isHarmless(shown) && !shown.isEmpty, "\(arguments.first ?? "")")
    }
  }
}

/// No command here asks for anything over HTTP.
private struct NoHTTP: HTTPClient {
  func send(_ request: HTTPClientRequest) async throws(HTTPClientError) -> HTTPClientResponse {
    throw HTTPClientError(.connectionFailed, "there is no network here")
  }
}
