import OnexCore
import OnexKernel
import OnexPostgres
import OnexService

/// Asks the database now and then, so that `/ready` tells the truth also while there is nothing to commit.
struct StoreWatch: Sendable {
  static let interval = Duration.seconds(5)
  private static let check = "postgres"

  let store: PostgresStore
  let outages: OutageReporter
  let context: ServiceContext

  func look() async {
    let start = context.clock.uptime()
    do {
      try await store.ping()
      context.health.check(StoreWatch.check, state: .up, latency: context.clock.uptime() - start)
      outages.succeeded(.ping)
    } catch {
      context.health.check(StoreWatch.check, state: .down, error: error.message)
      outages.failed(.ping, error)
    }
  }
}
