import Glibc
import OnexCommandLine
import OnexCore
import OnexService

/// `topic-manager` as a process: one of its commands, or the service.
public enum TopicCommandLine {
  static let commands: [any TopicCommand.Type] = [
    PlanCommand.self, ApplyCommand.self, DescribeCommand.self, GraphCommand.self, CatalogueCommand.self, ACLCommand.self,
  ]
  private static let watch = "watch"
  private static let list = CommandList(
    TopicManager.name, arguments: "[command]", commands.map { $0 },
    others: [(watch, "Keep the topics: the service. Also without a command; see topic-manager --help.")])

  /// Does what the arguments say and ends the process. Called by the main thread, which from here on waits.
  public static func main() -> Never {
    var arguments = Array(CommandLine.arguments.dropFirst())
    guard let name = arguments.first, !name.hasPrefix("-"), name != watch else {
      if arguments.first == watch { arguments.removeFirst() }
      ServiceHost.main(TopicManager.self, arguments: arguments)
    }
    let environment = EnvironmentVariables.current()
    let context = TopicCommandContext(terminal: Terminal { environment[$0] }, environment: environment)
    // The root of all tasks: this thread waits for the end of the process.
    Task {
      let code = await run(arguments, context)
      guard code == .success, context.terminal.hasLostOutput else { return end(code) }
      context.terminal.printError("\(TopicManager.name): standard output could not be written: the output is not complete")
      end(.failed)
    }
    while true { pause() }
  }

  /// Without the C library's exit handlers, which clean up under librdkafka's threads.
  private static func end(_ code: TopicExit) {
    fflush(nil)
    _exit(code.rawValue)
  }

  static func run(_ arguments: [String], _ context: TopicCommandContext) async -> TopicExit {
    let (name, rest) = (arguments.first ?? "help", Array(arguments.dropFirst()))
    if name == "help" { return help(rest.first, context) }
    guard let command = commands.first(where: { $0.name == name }) else { return unknown(name, context) }
    if rest.contains("--help") || rest.contains("-h") { return help(name, context) }
    let place = "\(TopicManager.name) \(name)"
    do {
      return try await command.run(ArgumentSet(rest, command.grammar), context)
    } catch let misuse as ArgumentSet.Misuse {
      context.terminal.printError("\(place): \(PrintableText.of(misuse.message))\n\(list.usage(command))")
      return .usage
    } catch let failure as TopicCommandFailure {
      context.terminal.printError("\(place): \(failure.message)")
      return .failed
    } catch let error as EventBusError {
      context.terminal.printError("\(place): \(TopicErrorText.of(error))")
      return .failed
    } catch {
      context.terminal.printError("\(place): \(error)")
      return .failed
    }
  }

  private static func unknown(_ name: String, _ context: TopicCommandContext) -> TopicExit {
    context.terminal.printError(list.unknown(name))
    return .usage
  }

  private static func help(_ name: String?, _ context: TopicCommandContext) -> TopicExit {
    guard let text = list.help(name) else { return unknown(name ?? "", context) }
    context.terminal.print(text)
    return .success
  }
}
