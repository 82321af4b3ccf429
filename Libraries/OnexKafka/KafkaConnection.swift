/// How to reach a cluster.
public struct KafkaConnection: Sendable {
  public var bootstrapServers: [String]
  /// As librdkafka's `security.protocol`.
  public var securityProtocol: String
  public var saslMechanism: String?
  public var saslUsername: String?
  public var saslPassword: String?
  public var sslCALocation: String?
  /// How the groups that its consumers join share their partitions, as librdkafka's `partition.assignment.strategy`. Members of one group
  /// agree. With another than the default, a rebalance takes every partition from every member first.
  public var assignmentStrategy = "cooperative-sticky"
  /// Names this process in the broker's logs.
  public var clientID: String
  /// Time for each question that a reader asks while it is being opened.
  public var answerMax: Duration = .seconds(10)
  /// librdkafka settings that win over the adapter's own; for tests and for the rare cluster that needs one.
  public var overrides: [String: String] = [:]

  public init(
    bootstrapServers: [String], securityProtocol: String = "PLAINTEXT", saslMechanism: String? = nil,
    saslUsername: String? = nil, saslPassword: String? = nil, sslCALocation: String? = nil, clientID: String
  ) {
    self.bootstrapServers = bootstrapServers
    self.securityProtocol = securityProtocol
    self.saslMechanism = saslMechanism
    self.saslUsername = saslUsername
    self.saslPassword = saslPassword
    self.sslCALocation = sslCALocation
    self.clientID = clientID
  }
}

/// Without the password: a connection may end up in a log line.
extension KafkaConnection: CustomStringConvertible, CustomReflectable {
  public var description: String { "\(clientID)@\(bootstrapServers.joined(separator: ",")) (\(securityProtocol))" }

  public var customMirror: Mirror { Mirror(self, children: ["connection": description]) }
}
