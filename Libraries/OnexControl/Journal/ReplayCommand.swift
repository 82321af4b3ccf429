import OnexCommandLine
import OnexCore
import OnexJSON
import OnexKernel
import OnexPostgres

/// `onexctl replay`
enum ReplayCommand: ControlCommand {
  static let name = "replay"
  static let summary = "Fold the journal anew and compare it with the state that is kept."
  static let grammar = ArgumentSet.Grammar(
    options: [("--stream", "HANDLER/KEY"), ("--until", "SEQUENCE")], flags: ["--verify", "--json"], positionals: [])
  static let details = """
    Prints how many events and streams there are and the digest of their state, which is the same on every run and machine.
    --verify fails when a stream's kept state is not what its events give. --stream looks at one; --until folds the journal up to
    a global sequence, and then compares nothing, since the kept state is newer.
    Exit codes: 0 as it should be, 1 drift, 65 streams whose code is not here, 69 database unreachable.
    """

  static func run(_ arguments: ArgumentSet, _ context: ControlContext) async throws -> ControlExit {
    var scope = JournalScope.all
    if let text = arguments.values["--stream"] {
      guard let stream = StreamName(text) else {
        throw ArgumentSet.Misuse(message: "--stream is HANDLER/KEY, as in order/4711, not \"\(text)\"")
      }
      scope = .stream(stream)
    }
    let until = try arguments.count("--until").map { Int64($0) }
    let journal = PostgresJournal(try context.databaseConfiguration())
    let report: JournalReplay.Report
    do {
      report = try await JournalReplay(journal, reducers: JournalWork.reducers(context))
        .run(scope, until: until, progress: JournalWork.progress(context))
    } catch {
      throw context.databaseUnavailable(error)
    }
    await journal.close()
    show(report, arguments, context.terminal)
    guard arguments.has("--verify") else { return .success }
    if report.driftCount > 0 { return .failed }
    return report.unknown.isEmpty ? .success : .invalidData
  }

  private static func show(_ report: JournalReplay.Report, _ arguments: ArgumentSet, _ terminal: Terminal) {
    if arguments.has("--json") {
      let drift = report.drift.map { drift in
        JSONValue.object(JSONObject([("stream", .string(drift.stream.description)), ("reason", .string(drift.reason))]))
      }
      let unknown = report.unknown.sorted { $0.key < $1.key }.map { ($0.key, JSONValue.integer($0.value)) }
      return terminal.print(
        JSONValue.object(
          JSONObject([
            ("events", .integer(report.events)), ("streams", .integer(report.streams)), ("digest", .string(report.digest)),
            ("drift_count", .integer(report.driftCount)), ("drift", .array(drift)), ("unknown", .object(JSONObject(unknown))),
          ])
        ).encoded().text)
    }
    terminal.print(
      "events   \(report.events)\nstreams  \(report.streams)\ndigest   \(report.digest)\ndrift    \(report.driftCount)")
    for drift in report.drift { terminal.print("  \(drift.stream): \(drift.reason)") }
    if report.driftCount > report.drift.count { terminal.print("  and \(report.driftCount - Int64(report.drift.count)) more") }
    if let advice = JournalWork.advice(report.unknown) { terminal.printError(advice) }
  }
}
