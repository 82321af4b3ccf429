import OnexCommandLine
import OnexCore
import OnexJSON

/// `onexctl tail`
enum TailCommand: ControlCommand {
  static let name = "tail"
  static let summary = "Show the records of a topic as they come."
  static let grammar = ArgumentSet.Grammar(
    options: [("--last", "N"), ("--count", "N")], flags: ["--from-beginning", "--json"], positionals: ["topic"])
  static let details = """
    Starts at the end of the topic; --from-beginning shows everything, --last N the last N of each partition.
    Runs until Ctrl-C, or until --count records were shown.
    """

  static func run(_ arguments: ArgumentSet, _ context: ControlContext) async throws -> ControlExit {
    guard !arguments.has("--from-beginning") || arguments.values["--last"] == nil else {
      throw ArgumentSet.Misuse(message: "--from-beginning and --last exclude each other")
    }
    let start: ReaderStart =
      if arguments.has("--from-beginning") { .beginning } else { try arguments.count("--last").map { .last($0) } ?? .end }
    var left = try arguments.count("--count") ?? .max
    do {
      let reader = try await context.eventBus().reader(topics: [arguments.positionals[0]], from: start)
      while left > 0 {
        for event in await reader.poll(PollLimit()) {
          switch event {
          case .records(let records):
            for record in records.prefix(left) { show(record, arguments, context.terminal) }
            left -= min(left, records.count)
          case .fault(let error) where error.isFatal: throw error
          case .fault(let error): context.terminal.printError("\(error); waiting")
          default: break
          }
        }
      }
      await reader.close()
    } catch let error as EventBusError {
      throw context.unavailable(error)
    }
    return .success
  }

  private static func show(_ record: ConsumedRecord, _ arguments: ArgumentSet, _ terminal: Terminal) {
    terminal.print(arguments.has("--json") ? RecordText.json(record) : RecordText.human(record))
  }
}
