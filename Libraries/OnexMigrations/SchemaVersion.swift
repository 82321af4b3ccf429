import OnexPostgres

/// Which schema this program was written for.
public enum SchemaVersion {
  /// The number of the newest file in `migrations/forward`.
  public static let expected = 9

  /// What separates the database from this program, and the command that fixes it; `nil` when nothing does.
  public static func mismatch(_ connection: PostgresConnection) async throws(PostgresError) -> String? {
    let applied = try await AppliedMigrations.read(connection).map(\.number)
    return mismatch(applied)
  }

  static func mismatch(_ applied: [Int]) -> String? {
    let newest = applied.max() ?? 0
    guard newest <= expected else {
      return
        "the database has migration \(newest) and this program knows \(expected): run the newer version, or take it back with `onexctl migrate down` of that version"
    }
    let missing = (1...expected).filter { !applied.contains($0) }
    guard missing.isEmpty else {
      return "the database lacks migrations \(missing.map(String.init).joined(separator: ", ")): run `onexctl migrate up`"
    }
    return nil
  }
}
