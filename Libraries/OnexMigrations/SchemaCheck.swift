import OnexPostgres
import OnexService

/// What every service with a database does before it begins.
public enum SchemaCheck {
  /// Refuses a database of another version. One that cannot be reached is waited for by whoever needs it: the process starts and
  /// says on `/ready` what is missing.
  ///
  /// - Parameter prepare: done first, such as applying migrations.
  /// - Throws: `ServiceFailure` with exit code 78 and the command that fixes it.
  public static func atStart(
    _ database: PostgresConfiguration, _ context: ServiceContext,
    prepare: (PostgresConnection) async throws -> Void = { _ in }
  ) async throws {
    context.health.starting("check the database's schema")
    let connection: PostgresConnection
    do {
      connection = try await PostgresConnection.connect(database, logger: context.logger)
    } catch {
      guard error.isRetriable else { throw ServiceFailure.configuration("the database refuses this service: \(error)") }
      context.logger.warning("the database cannot be reached yet", ["error": .string(error.description)])
      return
    }
    do {
      try await prepare(connection)
      if let mismatch = try await SchemaVersion.mismatch(connection) { throw ServiceFailure.configuration(mismatch) }
    } catch let error as PostgresError {
      context.logger.warning("the database's schema cannot be checked yet", ["error": .string(error.description)])
    }
    await connection.close()
  }
}
