import OnexCore
import OnexService
import Synchronization

/// Tells health and log once when something that the pipeline needs goes away, and once when it is back.
package final class OutageReporter: Sendable {
  package enum Dependency: String, Sendable {
    case broker = "BROKER_UNREACHABLE"
    case store = "STORE_UNAVAILABLE"
  }

  private let health: HealthState
  private let logger: Logger
  private let away = Mutex<Set<Dependency>>([])

  package init(health: HealthState, logger: Logger) {
    self.health = health
    self.logger = logger
  }

  package func failed(_ dependency: Dependency, _ message: String) {
    let isNew = away.withLock { $0.insert(dependency).inserted }
    health.raise(dependency.rawValue, message: message, blocksReadiness: true)
    guard isNew else { return }
    logger.error("dependency went away", ["dependency": .string(dependency.rawValue), "error": .string(message)])
  }

  package func succeeded(_ dependency: Dependency) {
    guard away.withLock({ $0.remove(dependency) }) != nil else { return }
    health.clear(dependency.rawValue)
    logger.info("dependency is back", ["dependency": .string(dependency.rawValue)])
  }
}
