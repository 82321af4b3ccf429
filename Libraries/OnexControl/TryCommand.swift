import OnexCommandLine
import OnexCore
import OnexJSON
import OnexKernel
import OnexRuntime
import OnexService

/// `onexctl try`
enum TryCommand: ControlCommand {
  static let name = "try"
  static let summary = "Answer a request in this process: the same kernel, no broker, no database."
  static let grammar = ArgumentSet.Grammar(
    options: RequestDraft.options + [("--contracts", "DIR")], flags: ["--json"], positionals: ["operation", "[json|-]"])
  static let details = """
    Handlers come from this program; contracts from --contracts, ONEX_CONTRACTS_DIR or ./contracts.
    Exit codes: 0 success, 1 error response, 75 no answer within --timeout.
    Example: onexctl try aggregate.mean '{"values":[1,2,3]}'
    """

  static func run(_ arguments: ArgumentSet, _ context: ControlContext) async throws -> ControlExit {
    let timeout = try arguments.seconds("--timeout", default: .seconds(30))
    let draft = try RequestDraft(arguments, ids: context.ids, now: context.clock.now())
    let service = ServiceContext(
      name: "onexctl", configuration: try Configuration.load([], from: EnvironmentVariables([:])), health: HealthState())
    var options = RoleOptions(contractsDirectory: arguments.values["--contracts"] ?? context.contractsDirectory)
    options.allowedHosts = (context.environment["ONEX_ALLOWED_HOSTS"] ?? "").split(separator: ",").map {
      String($0.filter { $0 != " " })
    }
    options.dataDirectory = context.environment["ONEX_DATA_DIR"]
    options.pluginsDirectory = context.environment["ONEX_PLUGINS_DIR"]
    let runtime = try EmbeddedRuntime(handlers: context.handlers, options: options, context: service, http: context.http)
    for problem in runtime.catalogue.problems { context.terminal.printError(problem.description) }
    let answer = try await runtime.withRunning {
      try await runtime.request(
        draft.text, correlationID: draft.correlationID, envelopeID: draft.envelopeID, timeout: timeout)
    }
    guard let answer else { throw ControlFailure(exit: .timedOut, message: "no answer within \(timeout.seconds) s") }
    let response = try JSONValue.parse(answer)
    ResponseText.show(response, isJSON: arguments.has("--json"), context.terminal)
    return ResponseText.exit(response)
  }
}
