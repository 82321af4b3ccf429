import OnexCommandLine
import OnexCore
import OnexKafka

/// `onexctl dlq replay`
enum DeadLetterReplay: DeadLetterAction {
  static let name = "replay"
  static let accepted =
    DeadLetterFilter.options.map(\.name) + ["--limit", "--at", "--rate", "--dry-run", "--again", "--yes", "--json"]
  static let operands = 0...1

  static func run(_ operands: [String], _ arguments: ArgumentSet, _ context: ControlContext) async throws -> ControlExit {
    let wish = try ReplayWish(operands, arguments, now: context.clock.now())
    let again = arguments.has("--again")
    let (log, selection) = try await context.terminal.withProgress("reading \(wish.topic)") {
      let log = try await DeadLetterLog([wish.topic], context)
      return (log, try await log.reduce(ReplaySelection(wish.aim, again: again)) { $0.add($1) })
    }
    if case .one(let place) = wish.aim, selection.isEmpty { throw DeadLetterShow.missing(place) }
    let chosen = selection.places(limit: wish.limit)
    let isDryRun = arguments.has("--dry-run")
    guard isDryRun || chosen.count <= 1 || arguments.has("--yes") else {
      throw ControlFailure(
        exit: .usage,
        message: "\(chosen.count) records of \(wish.topic) would be sent: add --yes when that is meant, or --dry-run to see them")
    }
    var report = ReplayReport(
      topic: wish.topic, isDryRun: isDryRun, replayedBefore: selection.replayedBefore, refused: selection.refused)
    if isDryRun {
      report.sent = chosen.count
      try await ReplayPreview(chosen: chosen, isJSON: arguments.has("--json")).show(log, context.terminal)
    } else if !chosen.isEmpty {
      report = try await replay(chosen, log, wish.pace, report, context)
    }
    for problem in report.problems { context.terminal.printError(PrintableText.of(problem)) }
    context.terminal.print(arguments.has("--json") ? report.json.encoded().text : report.text)
    return report.exit
  }

  private static func replay(
    _ chosen: Set<LogPlace>, _ log: DeadLetterLog, _ pace: ReplayPace, _ report: ReplayReport, _ context: ControlContext
  ) async throws -> ReplayReport {
    let producer: any EventProducer
    do {
      producer = try context.eventBus().producer()
    } catch let error as EventBusError {
      throw context.unavailable(error)
    }
    let run = ReplayRun(log: log, chosen: chosen, pace: pace, producer: producer, clock: context.clock)
    let done = try await context.terminal.withProgress("sending \(chosen.count) records, \(pace.rate) a second") {
      try await run.perform(report)
    }
    await producer.close(timeout: .seconds(1))
    return done
  }
}
