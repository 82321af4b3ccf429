import Glibc
import OnexCommandLine
import OnexCore
import OnexJSON
import OnexKernel
import OnexMigrations
import OnexPostgres
import OnexService

/// `onexctl migrate`
enum MigrateCommand: ControlCommand {
  static let name = "migrate"
  static let summary = "Bring the database's schema up to date: onexctl migrate up|down|status|verify|roles"
  static let grammar = ArgumentSet.Grammar(
    options: [("--dir", "PATH"), ("--to", "N"), ("--steps", "N")], flags: ["--json", "--yes"],
    positionals: ["up|down|status|verify|roles"])
  static let details = """
    up applies what is pending, up to --to N. down takes back the last one, or --steps N, and needs --yes: it deletes data.
    status shows what the database has; verify also fails unless that is exactly what the files say.
    roles makes the database's roles onex_migrate, onex_run and onex_read with their rights, from roles.sql beside the migrations, and
    sets the passwords in ONEX_MIGRATE_PASSWORD, ONEX_RUN_PASSWORD and ONEX_READ_PASSWORD. It needs a superuser, and may be repeated.
    The files are those of --dir, else ONEX_MIGRATIONS_DIR, else ./migrations. The database is OMNIBASE_INFRA_DB_URL, or the
    POSTGRES_* parts.
    Exit codes: 0 done, 1 a migration failed, 65 the files or the database are not as they should be, 69 database unreachable.
    """

  static func run(_ arguments: ArgumentSet, _ context: ControlContext) async throws -> ControlExit {
    let action = arguments.positionals[0]
    guard ["up", "down", "status", "verify", "roles"].contains(action) else {
      throw ArgumentSet.Misuse(message: "unknown subcommand \"\(action)\"; there are: up, down, status, verify, roles")
    }
    if action == "down", !arguments.has("--yes") {
      throw ControlFailure(exit: .usage, message: "down deletes data: say --yes when that is meant")
    }
    let last = try arguments.count("--to")
    let steps = try arguments.count("--steps") ?? 1
    let named = arguments.values["--dir"] ?? context.environment["ONEX_MIGRATIONS_DIR"]
    let folder = named ?? "./migrations"
    // Found by the working directory alone, its SQL would run with the caller's rights in the database.
    if named == nil, let stranger = stranger(in: folder) {
      throw ControlFailure(
        exit: .invalidData,
        message:
          "\(stranger) belongs to another user, or everyone may write to it: say --dir \(folder) when these migrations are meant")
    }
    if action == "roles" { return try await makeRoles(folder, arguments, context) }
    let files = try load(folder)
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

  /// The first of a migration folder's folders that somebody else than the caller or root could have filled.
  static func stranger(in folder: String, user: uid_t = geteuid()) -> String? {
    [folder, folder + "/forward", folder + "/rollback"].first { path in
      var status = stat()
      guard stat(path, &status) == 0 else { return false }
      return (status.st_uid != user && status.st_uid != 0) || status.st_mode & S_IWOTH != 0
    }
  }

  /// Roles and the variables that hold their passwords.
  private static let roles = [
    ("onex_migrate", "ONEX_MIGRATE_PASSWORD"), ("onex_run", "ONEX_RUN_PASSWORD"), ("onex_read", "ONEX_READ_PASSWORD"),
  ]

  private static func makeRoles(
    _ folder: String, _ arguments: ArgumentSet, _ context: ControlContext
  ) async throws -> ControlExit {
    let sql: Bytes
    switch DeclarationFiles.read(folder + "/roles.sql") {
    case .success(let text): sql = text
    case .failure(let problem): throw ControlFailure(exit: .invalidData, message: problem.description)
    }
    let given = roles.compactMap { role, variable in
      context.environment[variable].flatMap { $0.isEmpty ? nil : (role: role, variable: variable, password: $0) }
    }
    if let placeholder = given.first(where: { $0.password.contains("__REPLACE_WITH_") }) {
      throw ControlFailure(exit: .configuration, message: "\(placeholder.variable) still holds a placeholder")
    }
    let connection = try await context.database()
    do {
      // All or nothing: a service never meets a role that has half of its rights.
      try await connection.script("BEGIN;\n\(sql.text)\nCOMMIT;")
      for entry in given {
        // As a parameter, and set inside a block: the statement that the server may log does not hold the password.
        try await connection.query("SELECT set_config('onex.password', $1, false)", [.text(entry.password)])
        try await connection.script(
          "DO $$ BEGIN EXECUTE format('ALTER ROLE %I PASSWORD %L', '\(entry.role)', current_setting('onex.password')); END $$")
      }
    } catch {
      await connection.close()
      throw ControlFailure(
        exit: .failed, message: "the roles were not made: \(error)\nroles are made by a superuser of the database")
    }
    await connection.close()
    let names = given.map(\.role)
    if arguments.has("--json") {
      let all = roles.map { role, _ in
        JSONValue.object(JSONObject([("role", .string(role)), ("password_set", .boolean(names.contains(role)))]))
      }
      context.terminal.print(JSONValue.array(all).encoded().text)
    } else {
      context.terminal.print(
        "onex_migrate, onex_run and onex_read have their rights; passwords set: \(names.isEmpty ? "none" : names.joined(separator: ", "))"
      )
    }
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
