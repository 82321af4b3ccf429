/// The columns that are looked through before they are stored.
enum RedactionScope: Sendable, Equatable {
  case nothing
  /// All free text: `text` and `jsonb` columns, `action_name`, `current_phase`, and the metadata.
  case everything
  /// Of these only the ones with such a name.
  case columns(Set<String>)

  /// Every name that `columns` can hold.
  static let names: Set<String> = Set(
    ObservabilityTable.all.flatMap { $0.columns.filter(\.isFreeText).map(\.name) } + [ObservabilityTable.metadata])

  func covers(_ column: Column) -> Bool { column.isFreeText && covers(column.name) }

  func covers(_ name: String) -> Bool {
    switch self {
    case .nothing: false
    case .everything: true
    case .columns(let names): names.contains(name)
    }
  }
}
