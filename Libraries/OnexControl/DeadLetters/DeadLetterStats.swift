import OnexCommandLine
import OnexCore

/// `onexctl dlq stats`
enum DeadLetterStats: DeadLetterAction {
  static let name = "stats"
  static let accepted = ["--json"]
  static let operands = 0...Int.max

  static func run(_ operands: [String], _ arguments: ArgumentSet, _ context: ControlContext) async throws -> ControlExit {
    let (log, tally) = try await context.terminal.withProgress("reading the dead letters") {
      let log = try await DeadLetterLog(operands, context)
      return (log, try await log.reduce(DeadLetterTally()) { $0.add($1) })
    }
    let groups = tally.groups
    guard !arguments.has("--json") else {
      context.terminal.print(DeadLetterText.json(groups).encoded().text)
      return .success
    }
    if !groups.isEmpty { context.terminal.print(DeadLetterText.table(groups)) }
    let count = groups.reduce(0) { $0 + $1.count }
    let concerned = Set(groups.map(\.topic)).count
    context.terminal.printError("\(count) dead letters in \(concerned) of \(log.topics.count) topics")
    return .success
  }
}
