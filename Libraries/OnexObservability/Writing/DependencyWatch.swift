import OnexCore
import OnexPostgres
import OnexService
import Synchronization

/// Tells health and log once when the database or the broker goes away, and once when it is back.
final class DependencyWatch: Sendable {
  enum Dependency: Sendable {
    case database
    /// The database answers and refuses every row of some table: no table, no privilege, no memory for the statement.
    case writes
    case broker
    /// The broker answers and has no such topic.
    case topics
    /// The broker answers and refuses what must be written to a dead-letter topic.
    case deadLetters
    /// The broker answers and does not permit this: an operator must change something.
    case permission

    var code: String {
      switch self {
      case .database: "DATABASE_UNREACHABLE"
      case .writes: "DATABASE_REFUSES_WRITES"
      case .broker: "BROKER_UNREACHABLE"
      case .topics: "TOPIC_MISSING"
      case .deadLetters: "DEAD_LETTERS_UNDELIVERABLE"
      case .permission: "BROKER_REFUSED"
      }
    }

    /// Its name in `checks`.
    var check: String? {
      switch self {
      case .database, .writes: "postgres"
      case .broker: "kafka"
      case .topics, .deadLetters, .permission: nil
      }
    }
  }

  private let health: HealthState
  private let logger: Logger
  private let away = Mutex<Set<Dependency>>([])
  /// The database's words about each table that it takes no rows for.
  private let refusals = Mutex<[String: String]>([:])

  init(health: HealthState, logger: Logger) {
    self.health = health
    self.logger = logger
  }

  func isAway(_ dependency: Dependency) -> Bool { away.withLock { $0.contains(dependency) } }

  func failed(_ dependency: Dependency, _ message: String) {
    let isNew = away.withLock { $0.insert(dependency).inserted }
    health.raise(dependency.code, message: message, blocksReadiness: true)
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
  func databaseFailed(_ table: String, _ error: PostgresError) {
    guard error.code == .statement, !error.isOutage else { return failed(.database, error.description) }
    // It has answered.
    succeeded(.database)
    failed(.writes, report { $0[table] = error.description })
  }

  func databaseSucceeded(_ table: String, latency: Duration? = nil) {
    succeeded(.database, latency: latency)
    let left = report { $0[table] = nil }
    guard isAway(.writes) else { return }
    if left.isEmpty { succeeded(.writes, latency: latency) } else { failed(.writes, left) }
  }

  private func report(_ change: (inout [String: String]) -> Void) -> String {
    refusals.withLock { refusals in
      change(&refusals)
      return refusals.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: "; ")
    }
  }
}
