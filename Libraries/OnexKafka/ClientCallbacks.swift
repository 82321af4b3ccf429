import CRdKafka
import OnexCore
import Synchronization

/// What librdkafka's callbacks leave for the next poll. One object for each client, which outlives it.
final class ClientCallbacks: Sendable {
  struct State {
    var events: [ConsumerEvent] = []
    /// What was reported and is not over.
    var faults: Set<EventBusError.Code> = []
    /// The member is leaving: what is revoked now is given up at once.
    var isClosing = false
    /// Whether the client has asked to join a group.
    var hasSubscribed = false
    /// Whether the group has ever told it what is its.
    var hasAssignment = false
    /// The group's protocol as of the last assignment. Kept, since asking librdkafka waits for its main thread.
    var isCooperative = true
  }

  /// Faults that any answer of a broker ends.
  private static let connectionFaults: Set<EventBusError.Code> = [.unreachable, .timedOut, .authentication]

  let state = Mutex(State())
  let logger: Logger

  init(logger: Logger) { self.logger = logger }

  static func of(_ opaque: UnsafeMutableRawPointer?) -> ClientCallbacks? {
    opaque.map { Unmanaged<ClientCallbacks>.fromOpaque($0).takeUnretainedValue() }
  }

  func takeEvents() -> [ConsumerEvent] {
    state.withLock { state in
      defer { state.events.removeAll() }
      return state.events
    }
  }

  /// Before its first assignment a member of a cooperative group must not be destroyed: librdkafka before 2.3.0 ends the process then,
  /// with a failed assertion (confluentinc/librdkafka#4312).
  var isDestructible: Bool { state.withLock { !$0.hasSubscribed || $0.hasAssignment } }

  var isQuiet: Bool { state.withLock { $0.events.isEmpty } }

  func add(_ event: ConsumerEvent) { state.withLock { $0.events.append(event) } }

  var isUnreachable: Bool { state.withLock { !$0.faults.isDisjoint(with: ClientCallbacks.connectionFaults) } }

  func fault(_ error: EventBusError) {
    state.withLock { state in
      // Each broker connection reports the same outage; one report is enough.
      guard state.faults.insert(error.code).inserted || error.isFatal else { return }
      state.events.append(.fault(error))
    }
  }

  /// A broker has answered.
  func reached() { end(ClientCallbacks.connectionFaults) }

  /// A record has come. A topic that is missing may still be.
  func delivered() { end { $0 != .unknownTopic } }

  /// Partitions were assigned: what was wrong before is over.
  func joined() { end { _ in true } }

  private func end(_ over: Set<EventBusError.Code>) { end(over.contains) }

  private func end(_ isOver: (EventBusError.Code) -> Bool) {
    state.withLock { state in
      guard !state.faults.isEmpty else { return }
      state.faults = state.faults.filter { !isOver($0) }
      if state.faults.isEmpty { state.events.append(.recovered) }
    }
  }

  static func install(on configuration: OpaquePointer) {
    rd_kafka_conf_set_error_cb(configuration) { client, code, reason, opaque in
      guard let callbacks = ClientCallbacks.of(opaque) else { return }
      let text = reason.map { String(cString: $0) }
      let error = EventBusError(kafka: rd_kafka_resp_err_t(rawValue: code), text)
      switch rd_kafka_resp_err_t(rawValue: code) {
      case RD_KAFKA_RESP_ERR__FATAL: callbacks.fatal(client)
      case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR__SSL,
        RD_KAFKA_RESP_ERR__RESOLVE:
        callbacks.fault(error)
      default:
        // One connection of several: librdkafka makes it again, and says so when it was the last.
        callbacks.logger.debug("broker connection trouble", ["error": .string(error.description)])
      }
      if let client, rd_kafka_type(client) == RD_KAFKA_CONSUMER { ClientCallbacks.endPoll(client) }
    }
    rd_kafka_conf_set_log_cb(configuration) { client, level, facility, text in
      guard let client, let callbacks = ClientCallbacks.of(rd_kafka_opaque(client)), let text else { return }
      callbacks.logger.debug(
        "librdkafka",
        [
          "level": .integer(level), "facility": .string(facility.map { String(cString: $0) } ?? ""),
          "text": .string(String(cString: text)),
        ])
    }
  }

  /// Lets the poll that is under way return now and not when its wait is over.
  ///
  /// `rd_kafka_yield` looks made for this, but after a callback that called it the batch call of librdkafka 2.0.2 takes the next
  /// message off its queue and drops it.
  static func endPoll(_ client: OpaquePointer) {
    guard let queue = rd_kafka_queue_get_consumer(client) else { return }
    rd_kafka_queue_yield(queue)
    rd_kafka_queue_destroy(queue)
  }

  private func fatal(_ client: OpaquePointer?) {
    var text = [CChar](repeating: 0, count: 512)
    let code = rd_kafka_fatal_error(client, &text, text.count)
    let error = EventBusError(kafka: code, KafkaClient.string(text))
    fault(EventBusError(error.code, error.message, isFatal: true))
  }
}
