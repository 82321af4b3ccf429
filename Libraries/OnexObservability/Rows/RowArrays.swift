import OnexCore
import OnexPostgres

/// Rows turned into columns: one array parameter for each column of the table and one for the metadata.
enum RowArrays {
  static func parameters(_ rows: ArraySlice<Row>, of table: ObservabilityTable) -> [PostgresParameter] {
    var columns = table.columns.map { PostgresArray(of: $0.kind.type, capacity: rows.count) }
    var metadata = PostgresArray(of: .jsonb, capacity: rows.count)
    for row in rows {
      for (index, value) in row.values.enumerated() { append(value, to: &columns[index]) }
      metadata.append(jsonb: row.metadata)
    }
    return columns.map { .array($0) } + [.array(metadata)]
  }

  private static func append(_ value: Row.Value, to array: inout PostgresArray) {
    switch value {
    case .null: array.appendNull()
    case .uuid(let uuid): array.append(uuid)
    case .text(let text), .numeric(let text): array.append(text)
    case .timestamp(let timestamp): array.append(timestamp)
    case .integer(let number): array.append(number)
    case .json(let document): array.append(jsonb: document)
    }
  }
}
