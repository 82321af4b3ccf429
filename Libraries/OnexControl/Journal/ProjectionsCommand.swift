import OnexCommandLine
import OnexCore
import OnexJSON
import OnexKernel
import OnexPostgres

/// `onexctl projections`
enum ProjectionsCommand: ControlCommand {
  static let name = "projections"
  static let summary = "Make read models show what the journal says: onexctl projections rebuild"
  static let grammar = ArgumentSet.Grammar(flags: ["--dry-run", "--json"], positionals: ["rebuild"])
  static let details = """
    Folds the journal and writes every row of a read model that differs, is missing or should not be there; --dry-run only says
    which. Streams that change meanwhile may show as drift for a moment: run it again. Safe to repeat.
    Exit codes: 0 done, or nothing to do; 1 --dry-run found drift; 69 database unreachable.
    """

  static func run(_ arguments: ArgumentSet, _ context: ControlContext) async throws -> ControlExit {
    guard arguments.positionals[0] == "rebuild" else {
      throw ArgumentSet.Misuse(message: "unknown subcommand \"\(arguments.positionals[0])\"; there is: rebuild")
    }
    let isDry = arguments.has("--dry-run")
    let journal = PostgresJournal(try context.databaseConfiguration())
    let report: ProjectionRepair.Report
    do {
      report = try await ProjectionRepair(journal, journal, reducers: JournalWork.reducers(context))
        .run(isDry: isDry, progress: JournalWork.progress(context))
    } catch {
      throw context.databaseUnavailable(error)
    }
    await journal.close()
    show(report, isDry, arguments, context.terminal)
    return isDry && report.repairCount > 0 ? .failed : .success
  }

  private static func show(
    _ report: ProjectionRepair.Report, _ isDry: Bool, _ arguments: ArgumentSet, _ terminal: Terminal
  ) {
    if arguments.has("--json") {
      return terminal.print(
        JSONValue.object(
          JSONObject([
            ("events", .integer(report.events)), ("streams", .integer(report.streams)),
            ("drift_count", .integer(report.repairCount)), ("written", .boolean(!isDry)),
            (
              "rows",
              .array(
                report.repairs.map { .object(JSONObject([("projection", .string($0.projection)), ("key", .string($0.key))])) })
            ),
          ])
        ).encoded().text)
    }
    terminal.print(
      "\(report.events) events of \(report.streams) streams; \(report.repairCount) rows \(isDry ? "differ" : "were written")")
    for row in report.repairs {
      terminal.print("  \(row.projection) \(row.key)\(row.value == nil ? " should not be there" : "")")
    }
    if let advice = JournalWork.advice(report.unknown) { terminal.printError(advice) }
  }
}
