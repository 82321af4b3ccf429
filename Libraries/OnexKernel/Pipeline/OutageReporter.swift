import OnexCore
import OnexService
import Synchronization

/// Tells health and log once when something that the pipeline needs goes away, and once when it is back.
///
/// Each operation reports for itself, and only its own success ends its report: a database that refuses writes still answers a ping, and
/// an acknowledgement from before an outage of the broker may be noticed after the outage began.
package final class OutageReporter: Sendable {
  /// An operation on the broker or the store.
  package enum Witness: String, Sendable, CaseIterable {
    case consumer, producer, commit, lookup, claim, timers, ping

    var dependency: Dependency {
      switch self {
      case .consumer, .producer: .broker
      case .commit, .lookup, .claim, .timers, .ping: .store
      }
    }
  }

  enum Dependency: Sendable {
    case broker, store
  }

  /// What kind of trouble it is; it decides the reason's code.
  package enum Trouble: Sendable {
    /// It does not answer, or cannot work at the moment.
    case away
    /// It answers and refuses: a missing permission, a missing table. Only an operator can end it.
    case refused
  }

  private let health: HealthState
  private let logger: Logger
  /// Names this reporter among those of the process.
  private let name: String
  private let away = Mutex<[Witness: Trouble]>([:])

  package init(health: HealthState, logger: Logger, name: String) {
    self.health = health
    self.logger = logger
    self.name = name
  }

  /// What `/ready` calls it.
  private static func code(_ dependency: Dependency, _ trouble: Trouble) -> String {
    switch (dependency, trouble) {
    case (.broker, .away): "BROKER_UNREACHABLE"
    case (.broker, .refused): "BROKER_REFUSED"
    case (.store, .away): "STORE_UNAVAILABLE"
    case (.store, .refused): "STORE_REFUSED"
    }
  }

  private func source(_ witness: Witness) -> String { "\(name).\(witness.rawValue)" }

  /// Whether an operation on the store has failed and has not succeeded since.
  var isStoreAway: Bool { away.withLock { away in away.keys.contains { $0.dependency == .store } } }

  package func failed(_ witness: Witness, _ message: String, _ trouble: Trouble = .away) {
    let code = OutageReporter.code(witness.dependency, trouble)
    let isNew = away.withLock { away in
      let before = away[witness]
      if let before, before != trouble { health.clear(OutageReporter.code(witness.dependency, before), from: source(witness)) }
      let isKnown = away.contains { $0.key.dependency == witness.dependency && $0.value == trouble }
      away[witness] = trouble
      health.raise(code, from: source(witness), message: message, blocksReadiness: true)
      return !isKnown
    }
    guard isNew else { return }
    logger.error(
      trouble == .away ? "dependency went away" : "dependency refuses",
      ["dependency": .string(code), "operation": .string(witness.rawValue), "error": .string(message)])
  }

  package func succeeded(_ witness: Witness) {
    let over: String? = away.withLock { away in
      guard let trouble = away.removeValue(forKey: witness) else { return nil }
      let code = OutageReporter.code(witness.dependency, trouble)
      health.clear(code, from: source(witness))
      return away.contains { $0.key.dependency == witness.dependency && $0.value == trouble } ? nil : code
    }
    guard let over else { return }
    logger.info("dependency is back", ["dependency": .string(over)])
  }
}

extension OutageReporter {
  package func failed(_ witness: Witness, _ error: StoreError) {
    failed(witness, error.message, error.code == .unavailable ? .away : .refused)
  }

  func failed(_ witness: Witness, _ error: EventBusError) {
    failed(witness, error.description, error.isRefusal ? .refused : .away)
  }
}
