/// How to reach the broker, as configured. Never printed: it may hold a password.
public struct KafkaSettings: Sendable {
  public let bootstrapServers: [String]
  /// As librdkafka's `security.protocol`, upper case.
  public let securityProtocol: String
  public let saslMechanism: String?
  public let saslUsername: String?
  public let saslPassword: String?
  public let sslCALocation: String?
  /// As librdkafka's `partition.assignment.strategy`.
  public let assignmentStrategy: String

  public init(_ configuration: Configuration) {
    bootstrapServers = configuration[CommonSettings.kafkaBootstrapServers]
    securityProtocol = configuration[CommonSettings.kafkaSecurityProtocol]
    saslMechanism = configuration[CommonSettings.kafkaSASLMechanism]
    saslUsername = configuration[CommonSettings.kafkaSASLUsername]
    saslPassword = configuration[CommonSettings.kafkaSASLPassword]
    sslCALocation = configuration[CommonSettings.kafkaSSLCALocation]
    assignmentStrategy = configuration[CommonSettings.kafkaAssignmentStrategy]
  }
}

extension CommonSettings {
  public static let kafkaBootstrapServers = Setting.list(
    "KAFKA_BOOTSTRAP_SERVERS", default: ["localhost:9092"], allowed: bootstrapAllowed,
    help: "Brokers to ask for the rest of the cluster.", check: isHostAndPort)
  public static let kafkaSecurityProtocol = Setting.choice(
    "KAFKA_SECURITY_PROTOCOL", of: ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"], default: "PLAINTEXT",
    help: "How connections to the broker are encrypted and authenticated.")
  public static let kafkaSASLMechanism = Setting.optionalChoice(
    "KAFKA_SASL_MECHANISM", of: ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"], help: "Required with a SASL protocol.")
  public static let kafkaSASLUsername = Setting.optionalText("KAFKA_SASL_USERNAME", help: "Required with a SASL protocol.")
  public static let kafkaSASLPassword = Setting.optionalText(
    "KAFKA_SASL_PASSWORD", secret: true, help: "Required with a SASL protocol.")
  public static let kafkaSSLCALocation = Setting.optionalText(
    "KAFKA_SSL_CA_LOCATION", allowed: "a path", help: "Certificates that the broker's is checked against; absent: the system's.")
  public static let kafkaAssignmentStrategy = Setting.choice(
    "KAFKA_PARTITION_ASSIGNMENT_STRATEGY", of: ["cooperative-sticky", "range", "roundrobin"], default: "cooperative-sticky",
    help: "How a group shares its partitions; every member of a group says the same.")
  /// Of services that are members of a group.
  public static let groupInstance = Setting.optionalText(
    "ONEX_GROUP_INSTANCE_ID", allowed: "a name that no other member of the group has",
    help: "Names this member across restarts (static membership): it has its partitions back at once. Absent: it joins anew.")

  static let bootstrapAllowed = "host:port, several separated by commas"

  /// `host:port`; an IPv6 address stands in brackets. A service with a prefix of its own uses it for its own variable.
  public static let isHostAndPort: @Sendable (String) -> Bool = { text in
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]) else { return false }
    var host = String(text[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = String(host.dropFirst().dropLast())
    } else if host.contains(":") {
      return false
    }
    return (1...65535).contains(port) && isHostName(host)
  }
}

extension SettingGroup {
  /// The broker; not used when the bus is in memory.
  public static let kafka = SettingGroup(
    title: "Kafka",
    settings: [
      CommonSettings.kafkaBootstrapServers, CommonSettings.kafkaSecurityProtocol, CommonSettings.kafkaSASLMechanism,
      CommonSettings.kafkaSASLUsername, CommonSettings.kafkaSASLPassword, CommonSettings.kafkaSSLCALocation,
      CommonSettings.kafkaAssignmentStrategy,
    ],
    isUsed: { environment in
      (CommonSettings.eventBusType.resolve(in: environment).stored as? StoredValue<String>)?.value != "inmemory"
    },
    check: { configuration in
      let kafka = KafkaSettings(configuration)
      guard kafka.securityProtocol.hasPrefix("SASL_") else { return [] }
      let needed: [(any AnySetting, Bool)] = [
        (CommonSettings.kafkaSASLMechanism, kafka.saslMechanism == nil),
        (CommonSettings.kafkaSASLUsername, kafka.saslUsername == nil),
        (CommonSettings.kafkaSASLPassword, kafka.saslPassword == nil),
      ]
      return needed.filter(\.1).map { setting, _ in
        ConfigurationProblem(
          variable: setting.name, allowed: "\(setting.allowed); required with KAFKA_SECURITY_PROTOCOL=\(kafka.securityProtocol)")
      }
    })
}
