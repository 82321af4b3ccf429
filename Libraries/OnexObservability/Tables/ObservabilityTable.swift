import OnexCore

/// A topic and the table that its events are written to. The columns say what an event must look like, how it is written, and what
/// a person is told about one that does not fit.
public struct ObservabilityTable: Sendable {
  public let topic: String
  public let name: String
  let columns: [Column]
  /// Columns that identify a row.
  let key: [String]
  /// What rows are removed by when they are old.
  let timeColumn: String
  let rule: WriteRule
  /// One statement for a batch: each column travels as one array.
  let insert: String
  /// The names of an event's fields that do not go to `metadata.extra`.
  let fields: Set<Bytes>

  /// Besides the columns above every table has `metadata jsonb`, with the fields that have no column under this name.
  static let metadata = "metadata"
  static let extra = "extra"
  /// Marks rows from which NUL characters were removed.
  static let nulStripped = "nul_stripped"

  /// Every table that this service fills (migrations/forward).
  public static let all = [
    agentActions, agentRoutingDecisions, agentTransformationEvents, routerPerformanceMetrics, agentDetectionFailures,
    agentExecutionLogs, agentStatusEvents,
  ]

  /// The table for a topic; `nil` when no table is filled from it.
  public static func of(topic: String) -> ObservabilityTable? { all.first { $0.topic == topic } }

  init(
    topic: String, name: String, key: [String] = ["id", "created_at"], timeColumn: String = "created_at",
    rule: WriteRule = .keepFirst, columns: [Column]
  ) {
    self.topic = topic
    self.name = name
    self.columns = columns
    self.key = key
    self.timeColumn = timeColumn
    self.rule = rule
    fields = Set(columns.filter { $0.source != .received }.map { Bytes($0.name) } + [Bytes(ObservabilityTable.metadata)])
    insert = InsertStatement(table: name, columns: columns, key: key, rule: rule).text
  }

  /// The same table, filled from another topic.
  func reading(_ topic: String) -> ObservabilityTable {
    ObservabilityTable(topic: topic, name: name, key: key, timeColumn: timeColumn, rule: rule, columns: columns)
  }

  /// Where a column's value stands in a row.
  func index(of column: String) -> Int? { columns.firstIndex { $0.name == column } }
}
