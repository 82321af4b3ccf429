/// How long rows are kept.
enum RetentionPolicy: Sendable, Equatable {
  case forever
  /// For each table by its name.
  case days([String: Int])

  /// `nil` when nothing of the table is removed.
  func days(of table: ObservabilityTable) -> Int? {
    switch self {
    case .forever: nil
    case .days(let days): days[table.name]
    }
  }
}
