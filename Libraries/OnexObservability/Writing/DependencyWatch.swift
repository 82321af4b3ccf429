import OnexCore
import OnexPostgres
import OnexService
import Synchronization

/// Tells health and log once when the database or the broker goes away, and once when it is back.
final class DependencyWatch: Sendable {
  enum Dependency: Sendable {
    case database
    /// The database answers and refuses every row: no table, no privilege, no memory for the statement.
    case writes
    case broker
    /// The broker answers and has no such topic.
    case topics
    /// The broker answers and refuses what must be written to a dead-letter topic.
    case deadLetters

    var code: String {
      switch self {
      case .database: "DATABASE_UNREACHABLE"
      case .writes: "DATABASE_REFUSES_WRITES"
      case .broker: "BROKER_UNREACHABLE"
      case .topics: "TOPIC_MISSING"
      case .deadLetters: "DEAD_LETTERS_UNDELIVERABLE"
      }
    }

    /// As in `checks`.
    var check: String? {
      switch self {
      case .database, .writes: "postgres"
      case .broker: "kafka"
      case .topics, .deadLetters: nil
      }
    }

    var runbook: String {
      switch self {
      case .database: "docs/runbooks/database-unreachable.md"
      case .broker: "docs/runbooks/broker-unreachable.md"
      case .writes, .topics, .deadLetters: "docs/runbooks/agent-actions-consumer.md"
      }
    }
  }

  private let health: HealthState
  private let logger: Logger
  private let away = Mutex<Set<Dependency>>([])

  init(health: HealthState, logger: Logger) {
    self.health = health
    self.logger = logger
  }

  func isAway(_ dependency: Dependency) -> Bool { away.withLock { $0.contains(dependency) } }

  func failed(_ dependency: Dependency, _ message: String) {
    let isNew = away.withLock { $0.insert(dependency).inserted }
    health.raise(dependency.code, message: message, runbook: dependency.runbook, blocksReadiness: true)
    if let check = dependency.check { health.check(check, state: .down, error: message) }
    guard isNew else { return }
    logger.error("dependency went away", ["dependency": .string(dependency.code), "error": .string(message)])
  }

  func succeeded(_ dependency: Dependency, latency: Duration? = nil) {
    let wasAway = away.withLock { $0.remove(dependency) } != nil
    if let check = dependency.check { health.check(check, state: .up, latency: latency) }
    guard wasAway else { return }
    health.clear(dependency.code)
    logger.info("dependency is back", ["dependency": .string(dependency.code)])
  }

  /// Sorts an error of the database into the reason that helps the operator.
  func databaseFailed(_ error: PostgresError) {
    let isRefusal = error.code == .statement && !error.isOutage
    clear(isRefusal ? .database : .writes)
    failed(isRefusal ? .writes : .database, error.description)
  }

  func databaseSucceeded(latency: Duration? = nil) {
    clear(.writes)
    succeeded(.database, latency: latency)
  }

  private func clear(_ dependency: Dependency) {
    if away.withLock({ $0.remove(dependency) }) != nil { health.clear(dependency.code) }
  }
}
