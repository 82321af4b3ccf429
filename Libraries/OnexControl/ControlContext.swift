import OnexCore
import OnexHTTP
import OnexKafka
import OnexKernel
import OnexRuntime
import OnexService

/// What every command works with.
struct ControlContext: Sendable {
  let terminal: Terminal
  let environment: StackEnvironment
  let handlers: [any Handler.Type]
  let http: any HTTPClient
  let clock = SystemClock()
  let ids = RandomIDSource()

  /// The configured broker; every problem of its configuration at once.
  func eventBus() throws(ControlFailure) -> KafkaEventBus {
    KafkaEventBus(KafkaConnection(KafkaSettings(try configuration()), clientID: "onexctl"))
  }

  private func configuration() throws(ControlFailure) -> Configuration {
    let bus = SettingGroup(title: "Bus", settings: [CommonSettings.eventBusType])
    do {
      return try Configuration.load([.kafka, bus], from: EnvironmentVariables(environment.all))
    } catch {
      let lines = error.problems.map { "  \($0.variable): allowed is \($0.allowed)" }
      throw ControlFailure(exit: .configuration, message: (["the environment is not valid:"] + lines).joined(separator: "\n"))
    }
  }

  var broker: String { environment["KAFKA_BOOTSTRAP_SERVERS"] ?? "localhost:9092" }

  var contractsDirectory: String {
    environment["ONEX_CONTRACTS_DIR"] ?? CommonSettings.contractsDirectory.defaultText ?? "./contracts"
  }

  /// Says what to do when the broker does not answer.
  func unavailable(_ error: EventBusError) -> ControlFailure {
    ControlFailure(
      exit: .unavailable,
      message:
        "the broker at \(broker) cannot be used: \(error)\nset KAFKA_BOOTSTRAP_SERVERS, or start the local stack with `make run`")
  }
}
