/// The statement that writes a batch into a table. Pure.
struct InsertStatement {
  let text: String

  init(table: String, columns: [Column], key: [String], rule: WriteRule) {
    let names = columns.map(\.name) + [ObservabilityTable.metadata]
    let types = columns.map(\.kind.sqlName) + ["jsonb"]
    let arrays = types.enumerated().map { "$\($0 + 1)::\($1)[]" }
    let values = columns.map { column in column.kind.conversion.map { "r.\(column.name)::\($0)" } ?? "r.\(column.name)" }
    let list = names.joined(separator: ", ")
    let selected = (values + ["r.\(ObservabilityTable.metadata)"]).joined(separator: ", ")
    let head = """
      INSERT INTO \(table) AS t (\(list)) SELECT \(selected) \
      FROM unnest(\(arrays.joined(separator: ", "))) AS r (\(list)) ON CONFLICT
      """
    switch rule {
    case .keepFirst: text = "\(head) DO NOTHING"
    case .farthest(let rank, let status, let time, let oldest):
      let wins = "(\(rank)(excluded.\(status)), excluded.\(time)) > (\(rank)(t.\(status)), t.\(time))"
      let updated = names.filter { !key.contains($0) }
      let merged = updated.map { InsertStatement.merged($0, wins: wins, oldest: oldest) }
      let old = updated.map { "t.\($0)" }.joined(separator: ", ")
      text = """
        \(head) (\(key.joined(separator: ", "))) DO UPDATE \
        SET (\(updated.joined(separator: ", "))) = ROW(\(merged.joined(separator: ", "))) \
        WHERE (\(old)) IS DISTINCT FROM (\(merged.joined(separator: ", ")))
        """
    }
  }

  private static func merged(_ name: String, wins: String, oldest: String) -> String {
    let (new, old) = ("excluded.\(name)", "t.\(name)")
    switch name {
    case oldest: return "least(\(old), \(new))"
    case ObservabilityTable.metadata: return "CASE WHEN \(wins) THEN \(old) || \(new) ELSE \(new) || \(old) END"
    default: return "CASE WHEN \(wins) THEN coalesce(\(new), \(old)) ELSE coalesce(\(old), \(new)) END"
    }
  }
}
