import OnexCommandLine
import OnexCore
import OnexHTTP
import OnexKafka
import OnexKernel
import OnexMigrations
import OnexPostgres
import OnexRuntime
import OnexService

/// What every command works with.
struct ControlContext: Sendable {
  /// Time that a broker has to answer the first question; a person waits for it.
  static let answerMax: Duration = .seconds(5)

  let terminal: Terminal
  let environment: StackEnvironment
  let handlers: [any Handler.Type]
  let http: any HTTPClient
  let clock = SystemClock()
  let ids = RandomIDSource()

  /// The configured broker; every problem of its configuration at once.
  /// - Parameter answerMax: how long a broker may take to answer the first question.
  func eventBus(answerMax: Duration = ControlContext.answerMax) throws(ControlFailure) -> KafkaEventBus {
    KafkaEventBus(try kafka(answerMax: answerMax))
  }

  func kafka(answerMax: Duration = ControlContext.answerMax) throws(ControlFailure) -> KafkaConnection {
    var connection = KafkaConnection(KafkaSettings(try configuration()), clientID: "onexctl")
    connection.answerMax = answerMax
    return connection
  }

  /// A session with the configured database.
  func database() async throws(ControlFailure) -> PostgresConnection {
    let configuration = try databaseConfiguration()
    do {
      return try await PostgresConnection.connect(configuration)
    } catch {
      throw databaseUnavailable(error)
    }
  }

  func databaseConfiguration() throws(ControlFailure) -> PostgresConfiguration {
    PostgresConfiguration(PostgresSettings(try configuration([.postgres])), applicationName: "onexctl")
  }

  /// Says what to do when the database does not answer as it should.
  func databaseUnavailable(_ error: any Error) -> ControlFailure {
    ControlFailure(
      exit: .unavailable,
      message: "the database cannot be used: \(error)\nset OMNIBASE_INFRA_DB_URL, or start the local stack with `make run`")
  }

  private func configuration() throws(ControlFailure) -> Configuration {
    try configuration([.kafka, SettingGroup(title: "Bus", settings: [CommonSettings.eventBusType])])
  }

  private func configuration(_ groups: [SettingGroup]) throws(ControlFailure) -> Configuration {
    do {
      return try Configuration.load(groups, from: EnvironmentVariables(environment.all))
    } catch {
      let lines = error.problems.map { "  \($0.variable): allowed is \($0.allowed)" }
      throw ControlFailure(exit: .configuration, message: (["the environment is not valid:"] + lines).joined(separator: "\n"))
    }
  }

  var broker: String { environment["KAFKA_BOOTSTRAP_SERVERS"] ?? "localhost:9092" }

  /// As services have it.
  var deploymentID: String {
    environment["ONEX_DEPLOYMENT_ID"] ?? environment["ONEX_ENVIRONMENT"] ?? CommonSettings.environment.defaultText
      ?? "development"
  }

  var contractsDirectory: String {
    environment["ONEX_CONTRACTS_DIR"] ?? CommonSettings.contractsDirectory.defaultText ?? "./contracts"
  }

  /// Says what to do when the broker does not answer.
  func unavailable(_ error: EventBusError) -> ControlFailure {
    guard error.code != .unknownTopic else {
      return ControlFailure(
        exit: .usage, message: "\(error.message) at the broker \(broker); `topic-manager plan` lists those that do")
    }
    return ControlFailure(
      exit: .unavailable,
      message:
        "the broker at \(broker) cannot be used: \(error)\nset KAFKA_BOOTSTRAP_SERVERS, or start the local stack with `make run`")
  }
}
