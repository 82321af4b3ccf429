import OnexCommandLine
import OnexCore
import OnexJSON
import OnexKernel
import OnexPostgres
import OnexService
import OnexWorkflow

/// `onexctl runs`
enum RunsCommand: ControlCommand {
  static let name = "runs"
  static let summary = "Show what workflows did, step by step: onexctl runs list|show"
  static let grammar = ArgumentSet.Grammar(
    options: [("--limit", "N"), ("--status", "STATUS")], flags: ["--json"], positionals: ["list|show", "[id]"])
  static let details = """
    list        the newest --limit (20) runs; --status running|compensating|succeeded|failed
    show ID     one run with its steps, their states and durations. ID is the run's, or the correlation id of its request.
    The database is OMNIBASE_INFRA_DB_URL, or the POSTGRES_* parts.
    Exit codes: 0 shown, 1 there is no such run, 69 database unreachable.
    """
  private static let runsReadMax = 10_000

  static func run(_ arguments: ArgumentSet, _ context: ControlContext) async throws -> ControlExit {
    let operands = arguments.positionals
    let journal = PostgresJournal(try context.databaseConfiguration())
    do {
      switch (operands[0], operands.count) {
      case ("list", 1): try await list(journal, arguments, context)
      case ("show", 2): try await show(operands[1], journal, arguments, context)
      case ("list", _), ("show", _): throw ArgumentSet.Misuse(message: "list takes no id, and show needs one")
      default: throw ArgumentSet.Misuse(message: "unknown subcommand \"\(operands[0])\"; there are: list, show")
      }
    } catch let error as StoreError {
      throw context.databaseUnavailable(error)
    }
    await journal.close()
    return .success
  }

  private static func list(_ journal: PostgresJournal, _ arguments: ArgumentSet, _ context: ControlContext) async throws {
    let limit = try arguments.count("--limit") ?? 20
    guard limit <= runsReadMax else { throw ArgumentSet.Misuse(message: "--limit must be at most \(runsReadMax)") }
    let status = arguments.values["--status"]
    if let status, WorkflowRun.Status(rawValue: status) == nil {
      throw ArgumentSet.Misuse(message: "--status is running, compensating, succeeded or failed, not \"\(status)\"")
    }
    let all = try await journal.newest(Workflow.runs, by: "started_at", countMax: status == nil ? limit : runsReadMax)
    var rows: [(id: String, run: JSONValue)] = []
    for row in all where rows.count < limit {
      let run = try JSONValue.parse(row.value)
      if status == nil || run["status"]?.string == status { rows.append((row.key, run)) }
    }
    guard !arguments.has("--json") else {
      for row in rows {
        var object = row.run.object ?? JSONObject()
        object["id"] = .string(row.id)
        context.terminal.print(JSONValue.object(object).encoded().text)
      }
      return
    }
    var table = TextTable(["RUN", "OPERATION", "STATUS", "STARTED", "ENDED", "ERROR"])
    for row in rows {
      func text(_ name: String) -> String { row.run[name]?.string ?? "-" }
      table.add([row.id, text("operation"), text("status"), text("started_at"), text("ended_at"), text("error")])
    }
    context.terminal.print(rows.isEmpty ? "no runs" : String(table.text.dropLast()))
  }

  private static func show(
    _ id: String, _ journal: PostgresJournal, _ arguments: ArgumentSet, _ context: ControlContext
  ) async throws {
    let streams = try await journal.find(id.lowercased(), countMax: 100)
    let snapshots = try await journal.snapshots(streams)
    var shown = 0
    for stream in streams {
      // Streams of reducers are found by the same ids; they are no runs.
      guard let snapshot = snapshots[stream], let body = try StreamState(snapshot.state).body,
        let run = try? WorkflowRun(json: body)
      else { continue }
      shown += 1
      let text = RunText(run, handler: stream.handler, now: context.clock.now())
      if arguments.has("--json") {
        context.terminal.print(text.json.encoded().text)
      } else {
        context.terminal.print(text.tree(context.terminal))
      }
    }
    guard shown > 0 else {
      throw ControlFailure(exit: .failed, message: "there is no run with the id or correlation id \(id); see `onexctl runs list`")
    }
  }
}
