import OnexCore
import OnexService
import Synchronization

/// Tells health and log once when something that the pipeline needs goes away, and once when it is back.
///
/// Who has seen the broker away says when it is back: an acknowledgement from before the outage may well be noticed after it began, and
/// says nothing about what the consumer has seen.
package final class OutageReporter: Sendable {
  package enum Witness: Sendable {
    case consumer
    case producer
    case store

    /// What `/ready` calls it.
    var code: String {
      switch self {
      case .consumer, .producer: "BROKER_UNREACHABLE"
      case .store: "STORE_UNAVAILABLE"
      }
    }
  }

  private let health: HealthState
  private let logger: Logger
  /// Those that see an outage. Health is told under the lock: of two at once, what is told last is what holds.
  private let away = Mutex<Set<Witness>>([])

  package init(health: HealthState, logger: Logger) {
    self.health = health
    self.logger = logger
  }

  package func failed(_ witness: Witness, _ message: String) {
    let isNew = away.withLock { away in
      let isNew = !OutageReporter.isAway(witness.code, away)
      away.insert(witness)
      health.raise(witness.code, message: message, blocksReadiness: true)
      return isNew
    }
    guard isNew else { return }
    logger.error("dependency went away", ["dependency": .string(witness.code), "error": .string(message)])
  }

  package func succeeded(_ witness: Witness) {
    let isOver = away.withLock { away in
      guard away.remove(witness) != nil, !OutageReporter.isAway(witness.code, away) else { return false }
      health.clear(witness.code)
      return true
    }
    guard isOver else { return }
    logger.info("dependency is back", ["dependency": .string(witness.code)])
  }

  private static func isAway(_ code: String, _ away: Set<Witness>) -> Bool { away.contains { $0.code == code } }
}
