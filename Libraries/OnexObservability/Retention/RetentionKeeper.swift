import OnexCore
import OnexPostgres
import OnexService

/// Keeps partitions for coming days at hand and removes what is older than its table's retention. Of all members one does it: the
/// one whose session holds the lock.
struct RetentionKeeper: Sendable {
  struct Pace: Sendable {
    /// Between two rounds.
    var interval: Duration = .seconds(3600)
    /// Until a member that is not the leader asks again.
    var candidacy: Duration = .seconds(60)
    /// After a failure.
    var retry: Duration = .seconds(10)
    /// Between two deletes, so that writers come in between.
    var breath: Duration = .milliseconds(200)
    /// Rows that one statement deletes.
    var deletedMax = 5000
  }

  private static let daysAhead = 2
  /// Any number that nothing else in the database locks.
  private static let lock = "pg_try_advisory_lock(7301840264120)"

  let database: PostgresConfiguration
  let tables: [ObservabilityTable]
  let policy: RetentionPolicy
  let context: ServiceContext
  var pace = Pace()

  /// Until shutdown is requested or the task is cancelled.
  func run() async {
    let metrics = RetentionMetrics(context.metrics)
    while !isEnding {
      do {
        let connection = try await PostgresConnection.connect(database, logger: context.logger)
        do {
          try await work(connection, metrics)
        } catch {
          await connection.close()
          throw error
        }
        // The lock goes with the session.
        await connection.close()
      } catch {
        // Rows go to the default partitions meanwhile; what is wrong with the database is told by those who write.
        if !isEnding { report(error, metrics) }
      }
      metrics.isLeader.set(0)
      await context.rest(pace.retry)
    }
  }

  private func work(_ connection: PostgresConnection, _ metrics: RetentionMetrics) async throws {
    var isLeader = false
    while !isEnding {
      if !isLeader {
        isLeader = try await connection.query("SELECT \(RetentionKeeper.lock) AS held")[0].value("held")
        metrics.isLeader.set(isLeader ? 1 : 0)
      }
      guard isLeader else {
        await context.rest(pace.candidacy)
        continue
      }
      for table in tables { try await maintain(table, connection, metrics) }
      await context.rest(pace.interval)
    }
  }

  private func maintain(
    _ table: ObservabilityTable, _ connection: PostgresConnection, _ metrics: RetentionMetrics
  ) async throws {
    var hasMore = true
    while hasMore, !isEnding {
      hasMore = false
      let done = try await connection.query(
        "SELECT action, name, count FROM observability_maintain($1, $2, $3, $4, $5)",
        [
          .text(table.name), .text(table.timeColumn), .integer(Int32(RetentionKeeper.daysAhead)),
          .integer(policy.days(of: table).map(Int32.init)), .integer(Int32(pace.deletedMax)),
        ])
      for row in done.rows {
        let action = try row.value("action", as: String.self)
        let name = try row.value("name", as: String.self)
        let count = try row.value("count", as: Int.self)
        metrics.did(action, table, count)
        context.logger.info(
          "retention", ["action": .string(action), "name": .string(name), "count": .integer(count)])
        // A full batch says that there are more.
        hasMore = action == "deleted" && count == pace.deletedMax
      }
      if hasMore { await context.rest(pace.breath) }
    }
  }

  private func report(_ error: any Error, _ metrics: RetentionMetrics) {
    metrics.failures.add()
    context.logger.warning("partitions and old rows were not seen to", ["error": .string("\(error)")])
  }

  private var isEnding: Bool { context.shutdown.isRequested || Task.isCancelled }
}
