import CRdKafka
import OnexCore
import Synchronization

/// What librdkafka's callbacks leave for the next poll. One object for each client, which outlives it.
final class ClientCallbacks: Sendable {
  struct State {
    var events: [ConsumerEvent] = []
    /// A fault was reported and its end was not.
    var isFaulty = false
    /// The member is leaving: what is revoked now is given up at once.
    var isClosing = false
  }

  let state = Mutex(State())
  let logger: Logger

  init(logger: Logger) { self.logger = logger }

  static func of(_ opaque: UnsafeMutableRawPointer?) -> ClientCallbacks? {
    opaque.map { Unmanaged<ClientCallbacks>.fromOpaque($0).takeUnretainedValue() }
  }

  /// The callbacks hold this reference for as long as the process lives: a client may still call back while it is destroyed.
  var retainedOpaque: UnsafeMutableRawPointer { Unmanaged.passRetained(self).toOpaque() }

  func takeEvents() -> [ConsumerEvent] {
    state.withLock { state in
      defer { state.events.removeAll() }
      return state.events
    }
  }

  func add(_ event: ConsumerEvent) { state.withLock { $0.events.append(event) } }

  var isFaulty: Bool { state.withLock { $0.isFaulty } }

  func fault(_ error: EventBusError) {
    state.withLock { state in
      // Each broker connection reports the same outage; one report is enough.
      guard !state.isFaulty || error.isFatal else { return }
      state.isFaulty = true
      state.events.append(.fault(error))
    }
  }

  func recovered() {
    state.withLock { state in
      guard state.isFaulty else { return }
      state.isFaulty = false
      state.events.append(.recovered)
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
      rd_kafka_yield(client)
    }
    rd_kafka_conf_set_log_cb(configuration) { client, level, facility, text in
      guard let client, let callbacks = ClientCallbacks.of(rd_kafka_opaque(client)), let text else { return }
      callbacks.logger.debug(
        "librdkafka",
        ["level": .integer(level), "facility": .string(facility.map { String(cString: $0) } ?? ""), "text": .string(String(cString: text))])
    }
  }

  private func fatal(_ client: OpaquePointer?) {
    var text = [CChar](repeating: 0, count: 512)
    let code = rd_kafka_fatal_error(client, &text, text.count)
    let error = EventBusError(kafka: code, KafkaClient.string(text))
    fault(EventBusError(error.code, error.message, isFatal: true))
  }
}
