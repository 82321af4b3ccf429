/// Splits a batch so that no statement meets a key twice: PostgreSQL refuses to update a row a second time in one statement. Pure.
enum RowWaves {
  /// The first occurrence of every key, then the second ones, and so on, each in the order of the log.
  static func split(_ rows: ArraySlice<Row>, of table: ObservabilityTable) -> [ArraySlice<Row>] {
    guard table.rule != .keepFirst else { return [rows] }
    let places = table.key.compactMap(table.index)
    var seen: [[Row.Value]: Int] = [:]
    var waves: [[Row]] = []
    for row in rows {
      let wave = seen[places.map { row.values[$0] }, default: 0]
      seen[places.map { row.values[$0] }] = wave + 1
      if wave == waves.count { waves.append([]) }
      waves[wave].append(row)
    }
    return waves.count > 1 ? waves.map { $0[...] } : [rows]
  }
}
