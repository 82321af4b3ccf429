import Glibc
import OnexCommandLine
import OnexCore
import OnexHTTP
import OnexKernel
import OnexService

/// The operator's command line.
public enum OnexControl {
  private static let commands: [any ControlCommand.Type] = [
    RequestCommand.self, TryCommand.self, TailCommand.self, HealthCommand.self, SmokeCommand.self, OperationsCommand.self,
    ContractsCommand.self,
    RunsCommand.self, ActionsCommand.self, ReplayCommand.self, ProjectionsCommand.self, MigrateCommand.self,
    RestoreCommand.self, DeploymentCommand.self, DeadLettersCommand.self,
  ]

  private static let list = CommandList(
    "onexctl", arguments: "<command> [--verbose]", commands.map { $0 }, others: [("version", "Print the version.")])

  /// Runs the command that the arguments name and ends the process.
  ///
  /// - Parameter handlers: what `try` can run.
  public static func main(handlers: [any Handler.Type]) async -> Never {
    var process: [String: String] = [:]
    let environment = EnvironmentVariables.current()
    for name in environment.names { process[name] = environment[name] }
    let folder = getcwd(nil, 0).map { path in
      defer { free(path) }
      return String(cString: path)
    }
    let context = ControlContext(
      terminal: Terminal { process[$0] },
      environment: StackEnvironment(process: process, currentFolder: folder ?? "/"), handlers: handlers, http: CurlHTTPClient())
    let code = await run(Array(CommandLine.arguments.dropFirst()), context)
    if code == .success, context.terminal.hasLostOutput {
      context.terminal.printError("onexctl: standard output could not be written: the output is not complete")
      exit(ControlExit.outputLost.rawValue)
    }
    exit(code.rawValue)
  }

  static func run(_ arguments: [String], _ context: ControlContext) async -> ControlExit {
    var arguments = arguments
    if let verbose = arguments.firstIndex(of: "--verbose") {
      arguments.remove(at: verbose)
      context.terminal.printError("environment: \(context.environment.file ?? "the process's own"); broker: \(context.broker)")
    }
    guard let name = arguments.first else {
      context.terminal.printError(list.overview)
      return .usage
    }
    let rest = Array(arguments.dropFirst())
    switch name {
    case "help", "--help", "-h": return help(rest.first, context)
    case "version", "--version":
      context.terminal.print("onexctl \(context.environment["RUNTIME_VERSION"] ?? BuildVersion.current)")
      return .success
    default: break
    }
    guard let command = commands.first(where: { $0.name == name }) else { return unknown(name, context) }
    if rest.contains("--help") || rest.contains("-h") { return help(name, context) }
    if let refusal = context.environment.refusal { context.terminal.printError("onexctl: \(PrintableText.of(refusal))") }
    return await run(command, rest, context)
  }

  private static func run(
    _ command: any ControlCommand.Type, _ arguments: [String], _ context: ControlContext
  ) async -> ControlExit {
    do {
      return try await command.run(ArgumentSet(arguments, command.grammar), context)
    } catch let misuse as ArgumentSet.Misuse {
      context.terminal.printError("onexctl \(command.name): \(PrintableText.of(misuse.message))\n\(list.usage(command))")
      return .usage
    } catch let failure as ControlFailure {
      context.terminal.printError("onexctl \(command.name): \(failure.message)")
      return failure.exit
    } catch {
      context.terminal.printError("onexctl \(command.name): \(error)")
      return .failed
    }
  }

  private static func unknown(_ name: String, _ context: ControlContext) -> ControlExit {
    context.terminal.printError(list.unknown(name))
    return .usage
  }

  private static func help(_ name: String?, _ context: ControlContext) -> ControlExit {
    guard let text = list.help(name) else { return unknown(name ?? "", context) }
    context.terminal.print(text)
    return .success
  }
}
