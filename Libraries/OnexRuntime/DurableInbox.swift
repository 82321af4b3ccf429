import OnexCore
import OnexKernel
import OnexMigrations
import OnexPostgres
import OnexService

/// The inbox in PostgreSQL as a service has it: settings, the schema's check at the start, and maintenance while it runs.
struct DurableInbox: Sendable {
  static let autoMigrate = Setting.flag(
    "ONEX_AUTO_MIGRATE", default: false, help: "Apply pending migrations at the start; for local stacks and jobs.")
  static let migrationsDirectory = Setting.text(
    "ONEX_MIGRATIONS_DIR", default: "./migrations", allowed: "a path", help: "Where ONEX_AUTO_MIGRATE finds the migrations.")
  static let retentionDays = Setting.integer(
    "ONEX_INBOX_RETENTION_DAYS", default: 7, range: 1...365, help: "How long a repeated request is recognised.")
  static let journalRetentionDays = Setting.integer(
    "ONEX_JOURNAL_RETENTION_DAYS", default: 30, range: 1...3650,
    help: "How long streams in which nothing more happens are kept, with their events.")
  static let settings: [any AnySetting] = [autoMigrate, migrationsDirectory, retentionDays, journalRetentionDays]

  private static let daysAhead = 2
  private static let maintenanceInterval = Duration.seconds(3600)

  /// Closed streams that one statement deletes.
  private static let deletedMax = 1000

  let store: PostgresStore
  let journal: PostgresJournal
  private let database: PostgresConfiguration
  private let context: ServiceContext

  init(_ context: ServiceContext) {
    self.context = context
    database = PostgresConfiguration(PostgresSettings(context.configuration), applicationName: context.name)
    journal = PostgresJournal(database, logger: context.logger)
    store = PostgresStore(database, owner: "\(context.name) \(context.ids.next())", logger: context.logger)
  }

  /// As `bootstrap`, for a check that ends: a database that cannot be reached is a failure.
  func check() async throws {
    let connection: PostgresConnection
    do {
      connection = try await PostgresConnection.connect(database, logger: context.logger)
    } catch {
      throw ServiceFailure.unavailable("the database cannot be used: \(error)")
    }
    if let mismatch = try await SchemaVersion.mismatch(connection) { throw ServiceFailure.configuration(mismatch) }
    await connection.close()
  }

  /// Applies migrations where asked for, and refuses a database of another version.
  func bootstrap() async throws {
    try await SchemaCheck.atStart(database, context) { connection in
      if context.configuration[DurableInbox.autoMigrate] { try await migrate(connection) }
    }
  }

  private func migrate(_ connection: PostgresConnection) async throws {
    context.health.starting("apply migrations")
    do {
      let files = try MigrationFolder.load(context.configuration[DurableInbox.migrationsDirectory])
      for title in try await Migrator(connection, files).up() {
        context.logger.info("migration applied", ["migration": .string(title)])
      }
    } catch let error as MigrationFolder.Invalid {
      throw ServiceFailure.configuration(error.description)
    } catch let error as Migrator.Failure {
      throw ServiceFailure.configuration(error.description)
    }
  }

  /// Watches the database, keeps partitions of the inbox at hand and drops old ones, until shutdown or until the task is cancelled.
  func maintain() async {
    let open = context.metrics.gauge("onex_store_connections", help: "Open connections for lookups in the database.")
    let waiting = context.metrics.gauge("onex_store_waiting", help: "Lookups that wait for a connection.")
    let watch = StoreWatch(
      store: store, outages: OutageReporter(health: context.health, logger: context.logger, name: "database"), context: context)
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await keepPartitions() }
      group.addTask {
        while !context.shutdown.isRequested, !Task.isCancelled {
          await watch.look()
          let connections = store.connections
          open.set(connections.open)
          waiting.set(connections.waiting)
          await context.rest(StoreWatch.interval)
        }
      }
    }
  }

  private func keepPartitions() async {
    while !context.shutdown.isRequested, !Task.isCancelled {
      let pause: Duration
      do {
        let done = try await store.maintain(
          daysAhead: DurableInbox.daysAhead, retentionDays: context.configuration[DurableInbox.retentionDays])
        for action in done { context.logger.info("inbox partition", ["action": .string(action)]) }
        let gone = try await store.maintainJournal(
          retentionDays: context.configuration[DurableInbox.journalRetentionDays], countMax: DurableInbox.deletedMax)
        if gone > 0 { context.logger.info("closed streams deleted", ["count": .integer(Int(gone))]) }
        // A full batch says that there are more.
        pause = gone == DurableInbox.deletedMax ? .seconds(1) : DurableInbox.maintenanceInterval
      } catch {
        // Rows go to the default partition meanwhile; what is wrong is told by those who commit.
        context.logger.warning("the inbox was not maintained", ["error": .string(error.description)])
        pause = .seconds(10)
      }
      await context.rest(pause)
    }
  }
}
