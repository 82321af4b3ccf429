import OnexCore
import OnexMigrations
import OnexPostgres

/// A database of a test's own, dropped afterwards.
enum ScratchDatabase {
  static let migrations = "/" + #filePath.split(separator: "/").dropLast(4).joined(separator: "/") + "/migrations"

  /// - Parameter body: is given the database's URL.
  static func with(_ body: (String) async throws -> Void) async throws {
    let name = "scratch_\(RandomIDSource().next())".replacing("-", with: "_")
    let server = try await TestDatabase.connect()
    try await server.query("CREATE DATABASE \(name)")
    do {
      try await body(try TestDatabase.url(database: name))
    } catch {
      _ = try? await server.query("DROP DATABASE \(name) WITH (FORCE)")
      throw error
    }
    try await server.query("DROP DATABASE \(name) WITH (FORCE)")
    await server.close()
  }

  /// The same with every migration applied.
  static func withSchema(_ body: (String, PostgresConnection) async throws -> Void) async throws {
    try await with { url in
      let connection = try await PostgresConnection.connect(PostgresConfiguration(.connectionString(url)))
      _ = try await Migrator(connection, try MigrationFolder.load(migrations)).up()
      try await body(url, connection)
      await connection.close()
    }
  }
}
