import OnexCommandLine
import OnexCore
import OnexJSON
import OnexPostgres

/// One row of the view `agent_activity`.
struct ActivityLine: Sendable {
  static let columns = "occurred_at, table_name, id, agent_name, correlation_id, kind, status, summary"
  static let header = ["TIME", "TABLE", "AGENT", "CORRELATION ID", "KIND", "STATUS", "SUMMARY"]
  /// The summary is an agent's output; a line of a table shows how it begins.
  private static let summaryCharactersMax = 120

  let occurredAt: Timestamp
  let table: String
  let id: RawUUID
  private let agent: String?
  private let correlationID: RawUUID?
  private let kind: String?
  let status: String?
  private let summary: String?

  init(_ row: PostgresRow) throws(PostgresError) {
    occurredAt = try row.value("occurred_at")
    table = try row.value("table_name")
    id = try row.value("id")
    agent = try row.optional("agent_name")
    correlationID = try row.optional("correlation_id")
    kind = try row.optional("kind")
    status = try row.optional("status")
    summary = try row.optional("summary")
  }

  var cells: [String] {
    let begun = (summary ?? "").prefix(ActivityLine.summaryCharactersMax)
    // An agent wrote these: none of them may act on the reader's terminal.
    func printable(_ text: String?) -> String { text.map { PrintableText.of($0) } ?? "-" }
    return [
      occurredAt.rfc3339, table, printable(agent), correlationID?.description ?? "-", printable(kind), printable(status),
      PrintableText.of(String(begun)) + (begun.endIndex == (summary ?? "").endIndex ? "" : "…"),
    ]
  }

  var json: JSONValue {
    func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }
    return .object(
      JSONObject([
        ("occurred_at", .string(occurredAt.rfc3339)), ("table", .string(table)), ("id", .string(id.description)),
        ("agent_name", text(agent)), ("correlation_id", text(correlationID?.description)), ("kind", text(kind)),
        ("status", text(status)), ("summary", text(summary)),
      ]))
  }
}
