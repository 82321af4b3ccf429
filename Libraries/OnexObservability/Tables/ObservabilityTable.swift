import OnexCore

/// A topic and the table that its events are written to. The columns say what an event must look like.
public struct ObservabilityTable: Sendable {
  public let topic: String
  public let name: String
  let columns: [Column]

  /// Besides the columns above every table has `metadata jsonb`, with the fields that have no column under this name.
  static let metadata = "metadata"
  static let extra = "extra"

  /// Every table that this service fills (migrations/forward).
  public static let all = [agentActions]

  /// The table for a topic; `nil` when no table is filled from it.
  public static func of(topic: String) -> ObservabilityTable? { all.first { $0.topic == topic } }

  /// One statement for a batch: each column travels as one array. A row that is there already is left as it is.
  let insert: String

  init(topic: String, name: String, columns: [Column]) {
    self.topic = topic
    self.name = name
    self.columns = columns
    let names = columns.map(\.name) + [ObservabilityTable.metadata]
    let types = columns.map(\.kind.sqlName) + ["jsonb"]
    let arrays = types.enumerated().map { "$\($0 + 1)::\($1)[]" }
    insert = """
      INSERT INTO \(name) (\(names.joined(separator: ", "))) \
      SELECT * FROM unnest(\(arrays.joined(separator: ", "))) ON CONFLICT DO NOTHING
      """
  }
}

extension ObservabilityTable {
  public static let agentActions = ObservabilityTable(
    topic: Topics.agentActions, name: "agent_actions",
    columns: [
      .required("id", .uuid), .required("correlation_id", .uuid), .required("agent_name", .varchar(255)),
      .required("action_type", .varchar(50)), .required("action_name", .varchar(255)), .required("created_at", .timestamp),
      .optional("status", .varchar(50)), .optional("duration_ms", .integer), .optional("result", .text),
      .optional("error_message", .text), .optional("project_path", .text), .optional("project_name", .varchar(255)),
      .optional("working_directory", .text),
    ])
}
