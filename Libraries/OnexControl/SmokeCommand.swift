import OnexCommandLine
import OnexCore
import OnexJSON
import OnexService

/// `onexctl smoke`
enum SmokeCommand: ControlCommand {
  static let name = "smoke"
  static let summary = "Send one request of each kind over Kafka and show the answers."
  static let grammar = ArgumentSet.Grammar(
    options: [("--timeout", "30s"), ("--folder", "DIR"), ("--url", "URL")], flags: ["--json"])
  static let details = """
    The effects are done by runtime-effects: it writes into --folder (ONEX_DATA_DIR, else /app/data) and fetches --url (the health
    of runtime-main on this host), so both are as it sees them.
    Exit codes: 0 every request succeeded, 1 one failed, 69 broker unreachable.
    """

  private struct Answer: Sendable {
    let kind: HandlerKind
    let operation: String
    let total: Duration
    let response: JSONValue?
    var succeeded: Bool { response?["success"] == true }
  }

  static func run(_ arguments: ArgumentSet, _ context: ControlContext) async throws -> ControlExit {
    let timeout = try arguments.seconds("--timeout", default: .seconds(30))
    let exchange = try await RequestExchange(
      context, requests: Topics.requests, responses: Topics.responses, timeout: timeout)
    var answers: [Answer] = []
    let port = context.environment["RUNTIME_MAIN_PORT"] ?? "8085"
    let requests = SmokeCommand.requests(
      folder: arguments.values["--folder"] ?? context.environment["ONEX_DATA_DIR"] ?? "/app/data",
      url: arguments.values["--url"] ?? "http://127.0.0.1:\(port)/health")
    for request in requests {
      answers.append(try await ask(request, timeout, exchange, context))
    }
    await exchange.close()
    if arguments.has("--json") {
      context.terminal.print(json(answers))
    } else {
      context.terminal.print(table(answers, context.terminal))
    }
    return answers.allSatisfy(\.succeeded) ? .success : .failed
  }

  struct Request: Sendable {
    let kind: HandlerKind
    let operation: String
    let payload: String
  }

  private static func requests(folder: String, url: String) -> [Request] {
    func path(_ file: String) -> JSONValue { .string("\(folder)/\(file)") }
    let (smoke, published) = (path("smoke.txt").encoded().text, path("published.txt").encoded().text)
    let requests: [(HandlerKind, String, String)] = [
      (.compute, "compute.echo", #"{"hello":"world"}"#),
      (.compute, "transform.select", #"{"data":{"name":"Ada","born":1815,"note":"x"},"fields":["name","born"]}"#),
      (.compute, "aggregate.mean", #"{"values":[1,2,3,4]}"#),
      (.compute, "hash.sha256", #"{"text":"abc"}"#),
      (.effect, "http.get", #"{"url":\#(JSONValue.string(url).encoded().text)}"#),
      (.effect, "filesystem.write", #"{"path":\#(smoke),"content":"written by onexctl smoke"}"#),
      (.effect, "filesystem.read", #"{"path":\#(smoke)}"#),
      (.orchestrator, "document.publish", #"{"path":\#(published),"content":"three steps"}"#),
    ]
    return requests.map { Request(kind: $0, operation: $1, payload: $2) }
  }

  private static func ask(
    _ request: Request, _ timeout: Duration, _ exchange: RequestExchange, _ context: ControlContext
  ) async throws -> Answer {
    let name = request.operation
    guard let operation = Operation(name) else { throw ControlFailure(exit: .usage, message: "\(name) is no operation") }
    let draft = try RequestDraft(operation, Bytes(request.payload), ids: context.ids, now: context.clock.now())
    let start = context.clock.uptime()
    let answer = try await context.terminal.withProgress("waiting for the answer of \(name)") {
      try await exchange.send(draft, topic: Topics.requests, timeout: timeout)
    }
    let total = context.clock.uptime() - start
    return Answer(
      kind: request.kind, operation: name, total: total, response: try answer.map { try JSONValue.parse($0) })
  }

  private static func table(_ answers: [Answer], _ terminal: Terminal) -> TerminalText {
    var table = TextTable(["KIND", "OPERATION", "HANDLER", "RESULT", "TOTAL MS", "HANDLER MS", "ANSWER"])
    for answer in answers {
      let response = answer.response
      let result = answer.succeeded ? "ok" : response?["error"]?["code"]?.string ?? "no answer"
      let words = answer.succeeded ? response?["payload"]?.encoded().text : response?["error"]?["message"]?.string
      table.add([
        answer.kind.rawValue, answer.operation, response?["handler"]?.string ?? "-", result,
        String(Int(answer.total.milliseconds)),
        response?["duration_ms"]?.number?.literal ?? "-", String((words ?? "").prefix(60)),
      ])
    }
    let failed = answers.filter { !$0.succeeded }.count
    let end: TerminalText =
      failed == 0
      ? terminal.coloured("all \(answers.count) requests were answered", .green)
      : terminal.coloured("\(failed) of \(answers.count) requests failed", .red) + "; see `onexctl health`"
    return "\(lines: table.text)\n\(end)"
  }

  private static func json(_ answers: [Answer]) -> String {
    JSONValue.array(
      answers.map { answer in
        .object(
          JSONObject([
            ("kind", .string(answer.kind.rawValue)), ("operation", .string(answer.operation)),
            ("success", .boolean(answer.succeeded)),
            ("total_ms", .double(answer.total.milliseconds) ?? .null), ("response", answer.response ?? .null),
          ]))
      }
    ).encoded().text
  }
}
