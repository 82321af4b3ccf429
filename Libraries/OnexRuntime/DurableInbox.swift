import OnexCore
import OnexKernel
import OnexMigrations
import OnexPostgres
import OnexService

/// The inbox in PostgreSQL as a service has it: settings, the checks before it begins, and maintenance while it runs.
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
  static let settings: [any AnySetting] = [
    autoMigrate, migrationsDirectory, retentionDays, journalRetentionDays, DeploymentCheck.deploymentID,
  ]

  private static let daysAhead = 2
  private static let maintenanceInterval = Duration.seconds(3600)

  /// Closed streams that one statement deletes.
  private static let deletedMax = 1000
  private static let admissionInterval = Duration.seconds(2)
  static let restoring = "RESTORING"
  private static let brokerUnreachable = "BROKER_UNREACHABLE"

  let store: PostgresStore
  let journal: PostgresJournal
  /// The service's, with the database's clock.
  let context: ServiceContext
  private let database: PostgresConfiguration
  private let watch: StoreWatch

  init(_ given: ServiceContext) {
    let clock = StoreClock(given.clock)
    let context = given.with(clock: clock)
    self.context = context
    database = PostgresConfiguration(PostgresSettings(context.configuration), applicationName: context.name)
    journal = PostgresJournal(database, logger: context.logger)
    store = PostgresStore(database, owner: "\(context.name) \(context.ids.next())", logger: context.logger)
    watch = StoreWatch(
      store, outages: OutageReporter(health: context.health, logger: context.logger, name: "database"), context: context,
      clock: clock,
      machine: given.clock)
  }

  /// As `bootstrap`, for a check that ends: a database that cannot be reached is a failure.
  func check() async throws {
    let connection = try await connect()
    if context.configuration[DurableInbox.autoMigrate] { try await migrate(connection) }
    if let mismatch = try await SchemaVersion.mismatch(connection) { throw ServiceFailure.configuration(mismatch) }
    await connection.close()
  }

  /// As `admit`, for a check that ends: records nothing.
  func checkDeployment(clusterID: String?) async throws {
    let connection = try await connect()
    if let reason = try await PostgresRestore(connection).standing().reason {
      throw ServiceFailure.unavailable("\(DurableInbox.restoring): \(reason)")
    }
    let own = RecordedDeployment(id: DeploymentCheck.deploymentID(context.configuration), clusterID: clusterID)
    if let recorded = try await RecordedDeployment.read(connection),
      let mismatch = DeploymentCheck.mismatch(own, recorded: recorded)
    {
      throw ServiceFailure.configuration(mismatch)
    }
    await connection.close()
  }

  private func connect() async throws(ServiceFailure) -> PostgresConnection {
    do {
      return try await PostgresConnection.connect(database, logger: context.logger)
    } catch {
      let reason = "the database cannot be used: \(error)"
      throw error.isRetriable ? ServiceFailure.unavailable(reason) : ServiceFailure.configuration(reason)
    }
  }

  /// Returns when this process may work on the database: it takes writes, is not being restored, and belongs to this deployment and this
  /// cluster. Until then `/ready` says what is missing.
  ///
  /// - Returns: the broker's cluster id, empty where it has none; `nil` at shutdown.
  /// - Throws: `ServiceFailure` with exit code 78 for another stack's database.
  func admit(clusterID: @Sendable () async throws(EventBusError) -> String?) async throws -> String? {
    while !context.shutdown.isRequested, !Task.isCancelled {
      if let cluster = try await admitted(clusterID) { return cluster }
      await context.rest(DurableInbox.admissionInterval)
    }
    return nil
  }

  /// - Returns: the cluster id of an admitted process.
  private func admitted(_ clusterID: @Sendable () async throws(EventBusError) -> String?) async throws -> String? {
    guard let beat = await watch.look() else { return nil }
    if let reason = beat.restoring {
      context.health.raise(DurableInbox.restoring, message: reason, blocksReadiness: true)
      return nil
    }
    context.health.clear(DurableInbox.restoring)
    let cluster: String?
    do throws(EventBusError) {
      cluster = try await clusterID()
    } catch {
      context.health.raise(DurableInbox.brokerUnreachable, message: error.description, blocksReadiness: true)
      return nil
    }
    context.health.clear(DurableInbox.brokerUnreachable)
    let own = RecordedDeployment(id: DeploymentCheck.deploymentID(context.configuration), clusterID: cluster)
    // A failure shows as the heartbeat's next one.
    guard let recorded = try? await store.register(own) else { return nil }
    if let mismatch = DeploymentCheck.mismatch(own, recorded: recorded) { throw ServiceFailure.configuration(mismatch) }
    return cluster ?? ""
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
  ///
  /// - Throws: `ServiceFailure` when the database is restored under this process: nothing that it remembers is true any more.
  func maintain() async throws {
    let open = context.metrics.gauge("onex_store_connections", help: "Open connections for lookups in the database.")
    let waiting = context.metrics.gauge("onex_store_waiting", help: "Lookups that wait for a connection.")
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await keepPartitions() }
      group.addTask {
        while !context.shutdown.isRequested, !Task.isCancelled {
          if let reason = await watch.look()?.restoring {
            throw ServiceFailure.unavailable(
              "\(DurableInbox.restoring): \(reason); start this service again, it waits for the end")
          }
          let connections = store.connections
          open.set(connections.open)
          waiting.set(connections.waiting)
          await context.rest(StoreWatch.interval)
        }
      }
      for try await _ in group {}
    }
  }

  private func keepPartitions() async {
    while !context.shutdown.isRequested, !Task.isCancelled {
      let pause: Duration
      do {
        let done = try await store.maintain(
          daysAhead: DurableInbox.daysAhead, retentionDays: context.configuration[DurableInbox.retentionDays])
        for action in done { context.logger.info("inbox partition", ["action": .string(action)]) }
        let isMoving = done.contains { $0.hasPrefix("moved ") }
        let gone = try await store.maintainJournal(
          retentionDays: context.configuration[DurableInbox.journalRetentionDays], countMax: DurableInbox.deletedMax)
        if gone > 0 { context.logger.info("closed streams deleted", ["count": .integer(Int(gone))]) }
        // A full batch says that there are more.
        pause = gone == DurableInbox.deletedMax || isMoving ? .seconds(1) : DurableInbox.maintenanceInterval
      } catch {
        // Rows go to the default partition meanwhile; what is wrong is told by those who commit.
        context.logger.warning("the inbox was not maintained", ["error": .string(error.description)])
        pause = .seconds(10)
      }
      await context.rest(pause)
    }
  }
}
