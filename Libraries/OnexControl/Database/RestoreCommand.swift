import OnexCommandLine
import OnexCore
import OnexJSON
import OnexKafka
import OnexKernel
import OnexPostgres

/// `onexctl restore`
enum RestoreCommand: ControlCommand {
  static let name = "restore"
  static let summary = "Bring a restored database into agreement with the topics: onexctl restore begin|finish|status"
  static let grammar = ArgumentSet.Grammar(
    options: [("--dumped-at", "TIME"), ("--group", "GROUP")], flags: ["--dry-run", "--resend", "--json"],
    positionals: ["begin|finish|status"])
  static let details = """
    begin marks the database as restoring: no service works on it, and what a running one still holds is refused. --dumped-at is the
    time of the dump (RFC 3339); without it, the last heartbeat in the dump counts.
    finish reads the topics back. Deadlines and runs that were answered after the dump do not answer again; runs with a final answer
    are closed with it and nothing of them is taken back; deadlines of requests that were forwarded after the dump are set again.
    Requests that were consumed after the dump and have no answer are listed; --resend sends them again. --dry-run only looks.
    --group is the consumer group of runtime-main, when the database names none.
    Exit codes: 0 done, 65 not begun, or a run whose contract is not here, 69 database or broker unreachable.
    """
  private static let shownMax = 20

  static func run(_ arguments: ArgumentSet, _ context: ControlContext) async throws -> ControlExit {
    let action = arguments.positionals[0]
    guard ["begin", "finish", "status"].contains(action) else {
      throw ArgumentSet.Misuse(message: "unknown subcommand \"\(action)\"; there are: begin, finish, status")
    }
    let connection = try await context.database()
    let restore = PostgresRestore(connection)
    do {
      let exit: ControlExit
      switch action {
      case "begin": exit = try await begin(restore, arguments, context)
      case "status": exit = try await status(restore, arguments, context)
      default: exit = try await finish(restore, arguments, context)
      }
      await connection.close()
      return exit
    } catch let error as PostgresError {
      throw context.databaseUnavailable(error)
    } catch let error as EventBusError {
      throw context.unavailable(error)
    }
  }

  private static func begin(
    _ restore: PostgresRestore, _ arguments: ArgumentSet, _ context: ControlContext
  ) async throws -> ControlExit {
    var dumpedAt: Timestamp?
    if let text = arguments.values["--dumped-at"] {
      guard let time = Timestamp(rfc3339: text) else {
        throw ArgumentSet.Misuse(message: "--dumped-at is a time as 2026-11-21T03:00:00Z, not \"\(text)\"")
      }
      dumpedAt = time
    }
    let dumped = try await restore.begin(dumpedAt: dumpedAt)
    if arguments.has("--json") {
      context.terminal.print(JSONValue.object(JSONObject([("dumped_at", .string(dumped.rfc3339))])).encoded().text)
    } else {
      context.terminal.print("restoring; the dump is of \(dumped.rfc3339)")
    }
    return .success
  }

  private static func status(
    _ restore: PostgresRestore, _ arguments: ArgumentSet, _ context: ControlContext
  ) async throws -> ControlExit {
    let standing = try await restore.standing()
    if arguments.has("--json") {
      func time(_ value: Timestamp?) -> JSONValue { value.map { .string($0.rfc3339) } ?? .null }
      context.terminal.print(
        JSONValue.object(
          JSONObject([
            ("restoring_since", time(standing.since)), ("dumped_at", time(standing.dumpedAt)),
            ("reason", standing.reason.map { .string($0) } ?? .null),
          ])
        ).encoded().text)
    } else {
      context.terminal.print(standing.reason ?? "the database is in use")
    }
    return .success
  }

  private static func finish(
    _ restore: PostgresRestore, _ arguments: ArgumentSet, _ context: ControlContext
  ) async throws -> ControlExit {
    let standing = try await restore.standing()
    guard standing.since != nil, let dumpedAt = standing.dumpedAt else {
      throw ControlFailure(
        exit: .invalidData, message: "no restore was begun: run `onexctl restore begin` first, before any service is started")
    }
    let kafka = try context.kafka()
    let run = RestoreRun(
      restore: restore, bus: KafkaEventBus(kafka), admin: try KafkaAdmin(kafka), reducers: JournalWork.reducers(context),
      topics: RoutingTopics(), group: try await group(restore, arguments), clock: context.clock)
    let isDry = arguments.has("--dry-run")
    let report = try await run.run(dumpedAt: dumpedAt, isDry: isDry, sendsAgain: arguments.has("--resend"))
    show(report, arguments, context.terminal)
    guard report.runsUnknown.isEmpty else {
      context.terminal.printError(
        "the restore goes on: set ONEX_CONTRACTS_DIR to the contracts of these runs and run `onexctl restore finish` again")
      return .invalidData
    }
    if !isDry { try await restore.end() }
    return .success
  }

  private static func group(_ restore: PostgresRestore, _ arguments: ArgumentSet) async throws -> String {
    if let named = arguments.values["--group"] { return named }
    let known = try await restore.timerConsumers()
    guard known.count <= 1 else {
      throw ControlFailure(
        exit: .usage,
        message: "several groups have timers here: name runtime-main's with --group, one of \(known.joined(separator: ", "))")
    }
    return known.first ?? "onex-runtime-main"
  }

  private static func show(_ report: RestoreRun.Report, _ arguments: ArgumentSet, _ terminal: Terminal) {
    guard !arguments.has("--json") else {
      func names(_ streams: [StreamName]) -> JSONValue { .array(streams.map { .string($0.description) }) }
      let lost = report.requestsLost.map { request in
        JSONValue.object(
          JSONObject([
            ("envelope_id", .string(request.id.description)), ("correlation_id", .string(request.correlationID.description)),
          ]))
      }
      return terminal.print(
        JSONValue.object(
          JSONObject([
            ("dumped_at", .string(report.dumpedAt.rfc3339)), ("responses_read", .integer(report.responsesRead)),
            ("deadlines_answered", .integer(report.timersAnswered)), ("deadlines_set_again", .integer(report.timersLost)),
            ("runs_closed", names(report.runsClosed)), ("runs_answered", names(report.runsAnswered)),
            ("runs_unknown", .array(report.runsUnknown.map { .string($0) })), ("requests_lost", .array(lost)),
            ("requests_sent_again", .integer(report.requestsSent)), ("dry_run", .boolean(arguments.has("--dry-run"))),
          ])
        ).encoded().text)
    }
    terminal.print(
      """
      responses read           \(report.responsesRead)
      deadlines answered       \(report.timersAnswered)
      deadlines set again      \(report.timersLost)
      runs closed              \(report.runsClosed.count)
      runs answered, go on     \(report.runsAnswered.count)
      requests without answer  \(report.requestsLost.count)
      sent again               \(report.requestsSent)
      """)
    for request in report.requestsLost.prefix(shownMax) {
      terminal.print("  request \(request.id), correlation \(request.correlationID)")
    }
    if report.requestsLost.count > shownMax {
      terminal.print("  and \(report.requestsLost.count - shownMax) more: --json lists them")
    }
    for run in report.runsUnknown { terminal.printError("not closed: \(run)") }
  }
}
