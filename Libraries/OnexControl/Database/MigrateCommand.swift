import OnexCommandLine
import OnexCore
import OnexJSON
import OnexMigrations
import OnexPostgres
import OnexService

/// `onexctl migrate`
enum MigrateCommand: ControlCommand {
  static let name = "migrate"
  static let summary = "Bring the database's schema up to date: onexctl migrate up|down|status|verify"
  static let grammar = ArgumentSet.Grammar(
    options: [("--dir", "PATH"), ("--to", "N"), ("--steps", "N")], flags: ["--json", "--yes"],
    positionals: ["up|down|status|verify"])
  static let details = """
    up applies what is pending, up to --to N. down takes back the last one, or --steps N, and needs --yes: it deletes data.
    status shows what the database has; verify also fails unless that is exactly what the files say.
    The files are those of --dir, else ONEX_MIGRATIONS_DIR, else ./migrations. The database is OMNIBASE_INFRA_DB_URL, or the
    POSTGRES_* parts.
    Exit codes: 0 done, 1 a migration failed, 65 the files or the database are not as they should be, 69 database unreachable.
    """

  static func run(_ arguments: ArgumentSet, _ context: ControlContext) async throws -> ControlExit {
    let action = arguments.positionals[0]
    guard ["up", "down", "status", "verify"].contains(action) else {
      throw ArgumentSet.Misuse(message: "unknown subcommand \"\(action)\"; there are: up, down, status, verify")
    }
    if action == "down", !arguments.has("--yes") {
      throw ControlFailure(exit: .usage, message: "down deletes data: say --yes when that is meant")
    }
    let last = try arguments.count("--to")
    let steps = try arguments.count("--steps") ?? 1
    let files = try load(arguments.values["--dir"] ?? context.environment["ONEX_MIGRATIONS_DIR"] ?? "./migrations")
    let connection = try await context.database()
    let migrator = Migrator(connection, files)
    do {
      switch action {
      case "up": report(try await migrator.up(to: last, progress: say("applying", context)), "applied", arguments, context)
      case "down":
        report(try await migrator.down(steps: steps, progress: say("taking back", context)), "taken back", arguments, context)
      default:
        let state = try await migrator.state()
        show(state, arguments, context)
        if action == "verify", !state.isCurrent {
          for refusal in state.refusals { context.terminal.printError(refusal) }
          if !state.pending.isEmpty { context.terminal.printError("\(state.pending.count) pending: run `onexctl migrate up`") }
          return .invalidData
        }
      }
    } catch {
      throw ControlFailure(exit: exit(error), message: error.description)
    }
    await connection.close()
    return .success
  }

  private static func load(_ folder: String) throws(ControlFailure) -> [Migration] {
    do {
      return try MigrationFolder.load(folder)
    } catch {
      throw ControlFailure(exit: .invalidData, message: error.description)
    }
  }

  private static func exit(_ failure: Migrator.Failure) -> ControlExit {
    switch failure {
    case .database: .unavailable
    case .refused: .invalidData
    case .migration: .failed
    }
  }

  private static func say(_ what: String, _ context: ControlContext) -> @Sendable (String) -> Void {
    { context.terminal.printError("\(what) \($0)") }
  }

  private static func report(_ done: [String], _ word: String, _ arguments: ArgumentSet, _ context: ControlContext) {
    if arguments.has("--json") {
      context.terminal.print(JSONValue.array(done.map { .string($0) }).encoded().text)
    } else {
      context.terminal.print(done.isEmpty ? "nothing to do" : "\(done.count) \(word)")
    }
  }

  private static func show(_ state: MigrationState, _ arguments: ArgumentSet, _ context: ControlContext) {
    guard !arguments.has("--json") else {
      let rows = state.rows.map { row in
        JSONValue.object(
          JSONObject([
            ("number", .integer(row.number)), ("name", .string(row.name)), ("state", .string(row.standing.rawValue)),
            ("applied_at", row.applied.map { .string($0.appliedAt.rfc3339) } ?? .null),
          ]))
      }
      return context.terminal.print(JSONValue.array(rows).encoded().text)
    }
    var table = TextTable(["NUMBER", "NAME", "STATE", "APPLIED AT"])
    for row in state.rows {
      table.add([String(row.number), row.name, row.standing.rawValue, row.applied?.appliedAt.rfc3339 ?? "-"])
    }
    context.terminal.print(String(table.text.dropLast()))
  }
}
