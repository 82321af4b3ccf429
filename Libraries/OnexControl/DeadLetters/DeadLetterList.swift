import OnexCommandLine
import OnexCore

/// `onexctl dlq list`
enum DeadLetterList: DeadLetterAction {
  static let name = "list"
  static let accepted = DeadLetterFilter.options.map(\.name) + ["--limit", "--json"]
  static let operands = 0...1
  private static let limitDefault = 50
  /// All of the list is in memory.
  private static let limitMax = 100_000

  static func run(_ operands: [String], _ arguments: ArgumentSet, _ context: ControlContext) async throws -> ControlExit {
    let filter = try DeadLetterFilter(arguments, now: context.clock.now())
    let limit = try arguments.count("--limit") ?? limitDefault
    guard limit <= limitMax else { throw ArgumentSet.Misuse(message: "--limit must be at most \(limitMax)") }
    let newest = try await context.terminal.withProgress("reading the dead letters") {
      try await DeadLetterLog(operands, context).reduce(NewestDeadLetters(limit: limit, filter: filter)) { $0.add($1) }
    }
    let entries = newest.entries
    if arguments.has("--json") {
      for (entry, state) in entries { context.terminal.print(DeadLetterText.json(entry, state).encoded().text) }
    } else if !entries.isEmpty {
      context.terminal.print(DeadLetterText.table(entries))
    }
    let hidden = newest.matching - entries.count
    if hidden > 0 {
      let advice = newest.matching <= limitMax ? "--limit \(newest.matching) shows them" : "--until shows older ones"
      context.terminal.printError("\(hidden) older ones are not shown; \(advice)")
    } else if entries.isEmpty {
      context.terminal.printError("no dead letters")
    }
    return .success
  }
}
