import OnexCommandLine
import OnexCore
import OnexJSON
import OnexPostgres
import OnexService

/// `onexctl actions`
enum ActionsCommand: ControlCommand {
  static let name = "actions"
  static let summary = "Show what agents did: onexctl actions tail|search|stats"
  static let grammar = ArgumentSet.Grammar(
    options: ActionsFilter.options + [("--limit", "N")], flags: ["--follow", "--json"], positionals: ["tail|search|stats"])
  static let details = """
    tail        the newest --limit (20) rows of the last 24 hours, the newest last; --follow goes on until Ctrl-C
                rows whose time is still to come (clocks that are ahead) need --until
    search      the newest --limit (50) rows of all times, the newest first; needs a filter
    stats       how many rows each table, agent and status has, and when the last one was; of the last 24 hours without --since
    Filters: --correlation-id, --agent, --status, --table, --since and --until (a time, or how long ago: 90s, 30m, 2h, 7d).
    The database is OMNIBASE_INFRA_DB_URL, or the POSTGRES_* parts.
    Exit codes: 0 shown, 69 database unreachable.
    """

  static func run(_ arguments: ArgumentSet, _ context: ControlContext) async throws -> ControlExit {
    let now = context.clock.now()
    let action = arguments.positionals[0]
    guard ["tail", "search", "stats"].contains(action) else {
      throw ArgumentSet.Misuse(message: "unknown subcommand \"\(action)\"; there are: tail, search, stats")
    }
    guard action == "tail" || !arguments.has("--follow") else { throw ArgumentSet.Misuse(message: "--follow belongs to tail") }
    let filter = try ActionsFilter(arguments, since: action == "search" ? nil : "24h", now: now)
    guard !filter.isEmpty else {
      throw ArgumentSet.Misuse(message: "search needs a filter, such as --correlation-id ID, --agent NAME or --since 2h")
    }
    let connection = try await context.database()
    do {
      switch action {
      case "tail": try await ActionsTail(connection, arguments, context).run(filter)
      case "search":
        let lines = try await read(filter, limit: arguments.count("--limit") ?? 50, connection)
        show(lines, arguments, context.terminal)
      default: try await stats(filter, arguments, connection, context.terminal)
      }
    } catch let error as PostgresError {
      throw context.databaseUnavailable(error)
    }
    await connection.close()
    return .success
  }

  /// The newest first.
  static func read(_ filter: ActionsFilter, limit: Int, _ connection: PostgresConnection) async throws -> [ActivityLine] {
    let result = try await connection.query(
      "SELECT \(ActivityLine.columns) FROM agent_activity\(filter.clause) ORDER BY occurred_at DESC, id LIMIT \(limit)",
      filter.parameters)
    return try result.rows.map { try ActivityLine($0) }
  }

  static func show(_ lines: [ActivityLine], _ arguments: ArgumentSet, _ terminal: Terminal) {
    guard !arguments.has("--json") else {
      for line in lines { terminal.print(line.json.encoded().text) }
      return
    }
    var table = TextTable(ActivityLine.header)
    for line in lines { table.add(line.cells) }
    terminal.print(lines.isEmpty ? "nothing found" : String(table.text.dropLast()))
  }

  private static func stats(
    _ filter: ActionsFilter, _ arguments: ArgumentSet, _ connection: PostgresConnection, _ terminal: Terminal
  ) async throws {
    let result = try await connection.query(
      """
      SELECT table_name, coalesce(agent_name, '-') AS agent, coalesce(status, '-') AS status, count(*) AS n, max(occurred_at) AS last
      FROM agent_activity\(filter.clause) GROUP BY 1, 2, 3 ORDER BY n DESC, 1, 2, 3 LIMIT \(try arguments.count("--limit") ?? 50)
      """, filter.parameters)
    var table = TextTable(["TABLE", "AGENT", "STATUS", "ROWS", "LAST"])
    for row in result.rows {
      let (name, agent, status) = (
        try row.value("table_name", as: String.self), try row.value("agent", as: String.self),
        try row.value("status", as: String.self)
      )
      let (count, last) = (try row.value("n", as: Int.self), try row.value("last", as: Timestamp.self).rfc3339)
      table.add([name, PrintableText.of(agent), PrintableText.of(status), String(count), last])
      guard arguments.has("--json") else { continue }
      let object: JSONValue = [
        "table": .string(name), "agent_name": .string(agent), "status": .string(status), "rows": .integer(count),
        "last": .string(last),
      ]
      terminal.print(object.encoded().text)
    }
    guard !arguments.has("--json") else { return }
    terminal.print(result.count == 0 ? "nothing found" : String(table.text.dropLast()))
  }
}
