import OnexCommandLine
import OnexCore
import OnexKafka
import OnexService

/// What every command works with. The configuration is read when a command asks for it: `help` needs none.
struct TopicCommandContext: Sendable {
  let terminal: Terminal
  let environment: EnvironmentVariables
  let clock = SystemClock()

  /// The valid configuration; every problem of it at once.
  func configuration() throws(TopicCommandFailure) -> Configuration {
    let own = SettingGroup(
      title: TopicManager.name,
      settings: [CommonSettings.contractsDirectory, CommonSettings.environment, CommonSettings.eventBusType])
    do {
      return try Configuration.load([own, .kafka], from: environment)
    } catch {
      let lines = error.problems.map { "  \($0.variable) is \($0.value); allowed is \($0.allowed)" }
      throw TopicCommandFailure(message: (["the environment is not valid:"] + lines).joined(separator: "\n"))
    }
  }

  /// Where the contracts are that a command reads which asks no broker.
  func contracts(_ arguments: ArgumentSet) throws(TopicCommandFailure) -> String {
    if let given = arguments.values["--dir"] { return given }
    return try configuration()[CommonSettings.contractsDirectory]
  }

  /// What is declared; every problem of it at once.
  func desired(_ configuration: Configuration) throws(TopicCommandFailure) -> DesiredTopics {
    let desired = DesiredTopics.load(
      configuration[CommonSettings.contractsDirectory], environment: configuration[CommonSettings.environment])
    guard desired.problems.isEmpty else {
      let lines = desired.problems.map(\.description).joined(separator: "\n")
      throw TopicCommandFailure(message: "\(desired.problems.count) problems in the declarations; nothing was done:\n\(lines)")
    }
    return desired
  }

  func connection(_ configuration: Configuration) -> KafkaConnection { KafkaConnection(KafkaSettings(configuration)) }

  func admin(_ configuration: Configuration, timeout: Duration) throws(EventBusError) -> KafkaAdmin {
    try KafkaAdmin(connection(configuration), timeout: timeout)
  }

  /// How long a broker may take over one request, unless `--timeout` says otherwise.
  static let requestTimeout: Duration = .seconds(10)
}

extension KafkaConnection {
  init(_ settings: KafkaSettings) {
    self.init(
      bootstrapServers: settings.bootstrapServers, securityProtocol: settings.securityProtocol,
      saslMechanism: settings.saslMechanism, saslUsername: settings.saslUsername, saslPassword: settings.saslPassword,
      sslCALocation: settings.sslCALocation, clientID: TopicManager.name)
  }
}
