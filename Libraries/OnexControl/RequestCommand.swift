import OnexCommandLine
import OnexCore
import OnexJSON

/// `onexctl request`
enum RequestCommand: ControlCommand {
  static let name = "request"
  static let summary = "Send a request over Kafka and wait for its response."
  static let grammar = ArgumentSet.Grammar(
    options: RequestDraft.options + [("--topic", "requests"), ("--response-topic", "responses")], flags: ["--json"],
    positionals: ["operation", "[json|-]"])
  static let details = """
    The payload is a JSON object, {} when left out; - reads it from standard input.
    Exit codes: 0 success, 1 error response, 69 broker unreachable, 75 no answer within --timeout.
    Example: onexctl request compute.echo '{"hello":"world"}'
    """

  static func run(_ arguments: ArgumentSet, _ context: ControlContext) async throws -> ControlExit {
    let timeout = try arguments.seconds("--timeout", default: .seconds(30))
    let draft = try RequestDraft(arguments, ids: context.ids, now: context.clock.now())
    let topic = arguments.values["--topic"] ?? Topics.requests
    let responses = arguments.values["--response-topic"] ?? Topics.responses
    let answer = try await context.terminal.withProgress("waiting for the answer of \(arguments.positionals[0])") {
      let exchange = try await RequestExchange(context, requests: topic, responses: responses, timeout: timeout)
      let answer = try await exchange.send(draft, topic: topic, timeout: timeout)
      await exchange.close()
      return answer
    }
    guard let answer else {
      throw ControlFailure(
        exit: .timedOut,
        message: """
          no response with correlation id \(draft.correlationID) within \(timeout.seconds) s; the request is not lost: it waits in \
          the topic \(topic) or with its role
          look at `onexctl health`, and at `onexctl dlq list \(topic).dlq`
          """)
    }
    let response = try JSONValue.parse(answer)
    ResponseText.show(response, isJSON: arguments.has("--json"), context.terminal)
    return ResponseText.exit(response)
  }
}
