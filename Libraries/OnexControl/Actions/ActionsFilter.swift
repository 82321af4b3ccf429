import OnexCommandLine
import OnexCore
import OnexPostgres

/// The conditions on rows of the view `agent_activity`. Pure.
struct ActionsFilter: Sendable {
  static let options: [(name: String, value: String)] = [
    ("--correlation-id", "ID"), ("--agent", "NAME"), ("--status", "STATUS"), ("--table", "TABLE"), ("--since", "TIME"),
    ("--until", "TIME"),
  ]

  private(set) var conditions: [String] = []
  private(set) var parameters: [PostgresParameter] = []

  /// The clocks of agents may be this far ahead of the database's.
  private static let skew = "1 minute"

  /// - Parameter since: where `--since` is not given. Then what lies in the future is left out, too, unless `--until` asks for it:
  ///   clocks that are ahead must not hide the present.
  init(_ arguments: ArgumentSet, since: String?, now: Timestamp) throws(ArgumentSet.Misuse) {
    if let text = arguments.values["--correlation-id"] {
      guard let id = RawUUID(text) else { throw ArgumentSet.Misuse(message: "--correlation-id is a UUID, not \"\(text)\"") }
      add("correlation_id =", .uuid(id))
    }
    if let agent = arguments.values["--agent"] { add("agent_name =", .text(agent)) }
    if let status = arguments.values["--status"] { add("status =", .text(status)) }
    if let table = arguments.values["--table"] { add("table_name =", .text(table)) }
    for (option, comparison, text) in [
      ("--since", ">=", arguments.values["--since"] ?? since), ("--until", "<", arguments.values["--until"]),
    ] {
      guard let text else { continue }
      guard let time = PointInTime.parse(text, now: now) else {
        throw ArgumentSet.Misuse(
          message: "\(option) is a time (2026-11-21T03:48:54Z) or how long ago (90s, 30m, 2h, 7d), not \"\(text)\"")
      }
      add("occurred_at \(comparison)", .timestamp(time))
    }
    if since != nil, arguments.values["--until"] == nil {
      conditions.append("occurred_at < now() + interval '\(ActionsFilter.skew)'")
    }
  }

  var isEmpty: Bool { conditions.isEmpty }

  var clause: String { isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ") }

  private mutating func add(_ condition: String, _ parameter: PostgresParameter) {
    parameters.append(parameter)
    conditions.append("\(condition) $\(parameters.count)")
  }
}
