/// A database beside the migration files. Pure.
public struct MigrationState: Sendable, Equatable {
  public enum Standing: String, Sendable {
    case applied, pending
    /// Applied by something other than `onexctl migrate`, which left no checksum; `up` adds it.
    case unchecked
    /// The file is not what was applied.
    case edited
    /// The database has it and there is no file: another, newer version of the program was here.
    case unknown
  }

  public struct Row: Sendable, Equatable {
    public let number: Int
    public let name: String
    public let standing: Standing
    public let applied: AppliedMigration?
  }

  public let rows: [Row]

  public init(_ files: [Migration], applied: [AppliedMigration]) {
    let known = Dictionary(applied.map { ($0.number, $0) }) { first, _ in first }
    let own = files.map { file in
      Row(
        number: file.number, name: file.name, standing: MigrationState.standing(file, known[file.number]),
        applied: known[file.number])
    }
    let numbers = Set(files.map(\.number))
    let foreign = applied.filter { !numbers.contains($0.number) }.map {
      Row(number: $0.number, name: $0.name, standing: .unknown, applied: $0)
    }
    rows = (own + foreign).sorted { $0.number < $1.number }
  }

  private static func standing(_ file: Migration, _ applied: AppliedMigration?) -> Standing {
    guard let applied else { return .pending }
    guard let checksum = applied.checksum else { return .unchecked }
    return checksum == file.checksum && applied.name == file.name ? .applied : .edited
  }

  /// Why nothing may be applied; empty when it may.
  public var refusals: [String] {
    rows.compactMap { row in
      let title = "\(Migration.padded(row.number))_\(row.name)"
      switch row.standing {
      case .edited: return "\(title) was applied and its file has been edited since: restore the file and add a new migration"
      case .unknown: return "\(title) is in the database and not among the files: use the version of the program that brought it"
      case .pending where rows.contains { $0.number > row.number && $0.applied != nil }:
        return "\(title) is missing in the database although later ones are there: it cannot be put in between"
      case .applied, .pending, .unchecked: return nil
      }
    }
  }

  public var pending: [Int] { rows.filter { $0.standing == .pending }.map(\.number) }

  public var isCurrent: Bool { refusals.isEmpty && pending.isEmpty }
}
