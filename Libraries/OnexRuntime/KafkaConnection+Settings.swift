import OnexKafka
import OnexService

extension KafkaConnection {
  /// The connection that the environment describes.
  public init(_ settings: KafkaSettings, clientID: String) {
    self.init(
      bootstrapServers: settings.bootstrapServers, securityProtocol: settings.securityProtocol,
      saslMechanism: settings.saslMechanism, saslUsername: settings.saslUsername, saslPassword: settings.saslPassword,
      sslCALocation: settings.sslCALocation, clientID: clientID)
    assignmentStrategy = settings.assignmentStrategy
  }
}
