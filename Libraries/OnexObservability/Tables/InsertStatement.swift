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

  /// The members of both documents, also below `extra`; where names meet, those of `winner` stand. As for one event, an `extra` that is no
  /// object moves to `extra.extra`.
  private static func merged(_ other: String, under winner: String) -> String {
    let name = "'\(ObservabilityTable.extra)'"
    func type(_ document: String) -> String { "jsonb_typeof(\(document)->\(name))" }
    func extra(_ document: String) -> String {
      """
      CASE \(type(document)) WHEN 'object' THEN \(document)->\(name) \
      ELSE jsonb_build_object(\(name), \(document)->\(name)) END
      """
    }
    return """
      (\(other) || \(winner) || CASE \
      WHEN \(other) ? \(name) AND \(winner) ? \(name) AND 'object' IN (\(type(other)), \(type(winner))) \
      THEN jsonb_build_object(\(name), (\(extra(other))) || (\(extra(winner)))) ELSE '{}'::jsonb END)
      """
  }

  private static func merged(_ name: String, wins: String, oldest: String) -> String {
    let (new, old) = ("excluded.\(name)", "t.\(name)")
    switch name {
    case oldest: return "least(\(old), \(new))"
    case ObservabilityTable.metadata:
      return "CASE WHEN \(wins) THEN \(merged(old, under: new)) ELSE \(merged(new, under: old)) END"
    default: return "CASE WHEN \(wins) THEN coalesce(\(new), \(old)) ELSE coalesce(\(old), \(new)) END"
    }
  }
}
