import OnexCommandLine
import OnexCore
import OnexJSON
import OnexKernel
import OnexTopics

/// `onexctl contracts lint`
enum ContractsCommand: ControlCommand {
  static let name = "contracts"
  static let summary = "Check every contract, declared topic and overlay: onexctl contracts lint [dir]"
  static let grammar = ArgumentSet.Grammar(flags: ["--json"], positionals: ["lint", "[dir]"])
  static let details = """
    Prints every problem as file:line:column: CODE: message.
    Exit codes: 0 no problem, 65 problems.
    """

  static func run(_ arguments: ArgumentSet, _ context: ControlContext) async throws -> ControlExit {
    guard arguments.positionals[0] == "lint" else {
      throw ArgumentSet.Misuse(message: "unknown subcommand \"\(arguments.positionals[0])\"; there is: lint")
    }
    let directory = arguments.positionals.count > 1 ? arguments.positionals[1] : context.contractsDirectory
    let catalogue = ContractDirectory.load(directory)
    let topics = DesiredTopics(directory: directory, contracts: catalogue)
    let overlays = DesiredTopics.environments(in: directory).flatMap { environment in
      DesiredTopics(directory: directory, contracts: catalogue, environment: environment).overlayProblems
    }
    let problems = topics.problems + overlays
    if arguments.has("--json") {
      context.terminal.print(JSONValue.array(problems.map(json)).encoded().text)
    } else {
      for problem in problems { context.terminal.print(problem.description) }
      let words =
        problems.isEmpty
        ? context.terminal.coloured("no problems", .green) : "\(problems.count) \(problems.count == 1 ? "problem" : "problems")"
      let counts =
        "\(catalogue.contracts.count) \(catalogue.contracts.count == 1 ? "contract" : "contracts") in force, \(catalogue.failed.count) refused, \(topics.topics.count) topics"
      let summary: TerminalText = "\(counts), \(words)"
      context.terminal.printError(summary)
    }
    return problems.isEmpty ? .success : .invalidData
  }

  private static func json(_ problem: ContractProblem) -> JSONValue {
    .object(
      JSONObject([
        ("code", .string(problem.code.rawValue)), ("file", .string(problem.file)), ("line", .integer(problem.line)),
        ("column", .integer(problem.column)), ("message", .string(problem.message)),
      ]))
  }
}
