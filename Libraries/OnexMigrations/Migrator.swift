import OnexCore
import OnexPostgres

/// Brings a database's schema to that of the files. One at a time in a database: the others wait.
public struct Migrator: Sendable {
  public enum Failure: Error, Sendable, CustomStringConvertible {
    case database(PostgresError)
    /// Nothing was changed.
    case refused([String])
    /// This file failed; those before it are applied.
    case migration(String, PostgresError)

    public var description: String {
      switch self {
      case .database(let error): error.description
      case .refused(let reasons): reasons.joined(separator: "\n")
      case .migration(let title, let error): "\(title) failed and was rolled back: \(error)"
      }
    }
  }

  /// Any number that nothing else in the database locks.
  private static let lock = "pg_advisory_lock(7301840264119)"
  private static let unlock = "pg_advisory_unlock(7301840264119)"

  private let connection: PostgresConnection
  private let files: [Migration]

  public init(_ connection: PostgresConnection, _ files: [Migration]) {
    self.connection = connection
    self.files = files
  }

  public func state() async throws(Failure) -> MigrationState {
    do {
      return MigrationState(files, applied: try await AppliedMigrations.read(connection))
    } catch {
      throw .database(error)
    }
  }

  /// Applies what is pending, each file in a transaction of its own unless it says otherwise.
  ///
  /// - Parameter last: the last number to apply; all of them when `nil`.
  /// - Returns: what was applied.
  public func up(to last: Int? = nil, progress: @Sendable (String) -> Void = { _ in }) async throws(Failure) -> [String] {
    try await locked { () throws(Failure) in
      let state = try await state()
      guard state.refusals.isEmpty else { throw .refused(state.refusals) }
      var done: [String] = []
      for file in files where file.number <= last ?? .max {
        guard let row = state.rows.first(where: { $0.number == file.number }), row.standing != .applied else { continue }
        if row.standing == .pending {
          progress(file.title)
          try await run(file.sql.text, file, isTransactional: file.isTransactional)
          done.append(file.title)
        }
        try await record(file)
      }
      return done
    }
  }

  /// Takes back the last `steps` migrations.
  ///
  /// - Returns: what was taken back.
  public func down(steps: Int, progress: @Sendable (String) -> Void = { _ in }) async throws(Failure) -> [String] {
    try await locked { () throws(Failure) in
      let state = try await state()
      guard state.refusals.isEmpty else { throw .refused(state.refusals) }
      let applied = files.filter { file in state.rows.contains { $0.number == file.number && $0.applied != nil } }
      let last = applied.suffix(steps).reversed()
      let stuck = last.filter { $0.rollback == nil }
      guard stuck.isEmpty else { throw .refused(stuck.map { "\($0.title) has no rollback file" }) }
      var done: [String] = []
      for file in last {
        progress(file.title)
        try await run(file.rollback?.text ?? "", file, isTransactional: true)
        done.append(file.title)
      }
      return done
    }
  }

  private func run(_ sql: String, _ file: Migration, isTransactional: Bool) async throws(Failure) {
    do throws(PostgresError) {
      try await connection.script(isTransactional ? "BEGIN;\n\(sql)\n;COMMIT" : sql)
    } catch {
      // A connection that broke has rolled back by itself.
      try? await connection.script("ROLLBACK")
      throw .migration(file.title, error)
    }
  }

  private func record(_ file: Migration) async throws(Failure) {
    do {
      try await connection.query(
        """
        INSERT INTO onex_migrations (number, name, checksum) VALUES ($1, $2, $3)
        ON CONFLICT (number) DO UPDATE SET name = excluded.name, checksum = excluded.checksum
        """, [.integer(Int32(file.number)), .text(file.name), .text(file.checksum)])
    } catch {
      throw .database(error)
    }
  }

  private func locked<Value>(_ body: () async throws(Failure) -> Value) async throws(Failure) -> Value {
    do {
      try await connection.query("SELECT \(Migrator.lock)::text")
    } catch {
      throw .database(error)
    }
    let result: Result<Value, Failure>
    do throws(Failure) {
      result = .success(try await body())
    } catch {
      result = .failure(error)
    }
    // The end of the session gives it back, too.
    _ = try? await connection.query("SELECT \(Migrator.unlock)::text")
    return try result.get()
  }
}

/// What a database says it has.
public enum AppliedMigrations {
  /// Empty for a database that no migration was ever applied to.
  public static func read(_ connection: PostgresConnection) async throws(PostgresError) -> [AppliedMigration] {
    let table = try await connection.query("SELECT to_regclass('onex_migrations') IS NOT NULL AS present")
    guard try table[0].value("present", as: Bool.self) else { return [] }
    var applied: [AppliedMigration] = []
    for row in try await connection.query("SELECT number, name, checksum, applied_at FROM onex_migrations ORDER BY number").rows {
      applied.append(
        AppliedMigration(
          number: try row.value("number"), name: try row.value("name"), checksum: try row.optional("checksum"),
          appliedAt: try row.value("applied_at")))
    }
    return applied
  }
}
