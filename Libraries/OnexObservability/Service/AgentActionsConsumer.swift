import OnexCore
import OnexKafka
import OnexMigrations
import OnexPostgres
import OnexService

/// The service `agent-actions-consumer`: what agents report, in PostgreSQL.
public struct AgentActionsConsumer: Service {
  public static let name = "agent-actions-consumer"
  public static let summary = "Writes what agents report from Kafka to PostgreSQL."
  public static let groups: [SettingGroup] = [.kafka, AgentActionsSettings.postgresParts]
  public static let settings = AgentActionsSettings.all
  public static let healthPort = AgentActionsSettings.healthPort
  public static let healthHost = AgentActionsSettings.healthHost

  public static func validate(_ configuration: Configuration) -> [ConfigurationProblem] {
    guard configuration[CommonSettings.eventBusType] == "inmemory" else { return [] }
    return [
      ConfigurationProblem(
        variable: CommonSettings.eventBusType.name, value: "inmemory",
        allowed: "kafka: this service reads from a broker; with a bus in memory it is not needed")
    ]
  }

  /// Batches, and so connections, at the same time: while PostgreSQL works on two, the next is decoded.
  private static let writersMax = 3

  private let context: ServiceContext
  private let consumer: ObservabilityConsumer
  private let database: PostgresConfiguration
  private let retention: RetentionKeeper

  public init(_ context: ServiceContext) throws {
    self.context = context
    let configuration = context.configuration
    let topics = configuration[AgentActionsSettings.topics]
    let group = configuration[AgentActionsSettings.group]
    let bus = KafkaEventBus(AgentActionsConsumer.kafka(configuration), logger: context.logger)
    let start = Subscription.Start(rawValue: configuration[AgentActionsSettings.start]) ?? .earliest
    let tables = ObservabilityTable.all.filter { topics.contains($0.topic) }
    database = AgentActionsConsumer.postgres(configuration)
    retention = RetentionKeeper(
      database: database, tables: tables, policy: AgentActionsSettings.retention(configuration), context: context)
    consumer = ObservabilityConsumer(
      ObservabilityConsumer.Parts(
        consumer: try bus.consumer(
          Subscription(topics: topics, group: group, start: start, instance: configuration[CommonSettings.groupInstance])),
        producer: try bus.producer(),
        store: PostgresRowStore(writersMax: AgentActionsConsumer.writersMax) { [database] in
          PostgresClient(database, logger: context.logger)
        },
        tables: tables, writersMax: AgentActionsConsumer.writersMax, group: group,
        limits: BatchLimits(
          rowsDue: configuration[AgentActionsSettings.batchSize],
          waitMax: .milliseconds(configuration[AgentActionsSettings.batchTimeoutMilliseconds])),
        breaker: CircuitBreakerPolicy(
          failureThreshold: configuration[AgentActionsSettings.breakerThreshold],
          resetTimeout: .seconds(configuration[AgentActionsSettings.breakerResetSeconds]),
          halfOpenSuccesses: configuration[AgentActionsSettings.breakerHalfOpenSuccesses]),
        policy: AgentActionsSettings.decodingPolicy(configuration),
        pollStalenessMax: .seconds(configuration[AgentActionsSettings.pollStalenessSeconds]),
        writeStalenessMax: .seconds(configuration[AgentActionsSettings.writeStalenessSeconds]), context: context))
  }

  private static func kafka(_ configuration: Configuration) -> KafkaConnection {
    let shared = KafkaSettings(configuration)
    var connection = KafkaConnection(
      bootstrapServers: configuration[AgentActionsSettings.bootstrapServers], securityProtocol: shared.securityProtocol,
      saslMechanism: shared.saslMechanism, saslUsername: shared.saslUsername, saslPassword: shared.saslPassword,
      sslCALocation: shared.sslCALocation, clientID: name)
    connection.assignmentStrategy = shared.assignmentStrategy
    return connection
  }

  private static func postgres(_ configuration: Configuration) -> PostgresConfiguration {
    let target: PostgresConfiguration.Target
    if let dsn = configuration[AgentActionsSettings.dsn] {
      target = .connectionString(dsn)
    } else {
      switch PostgresSettings(configuration) {
      case .url(let url): target = .connectionString(url)
      case .parts(let host, let port, let user, let password, let database):
        target = .parts(host: host, port: port, user: user, password: password, database: database)
      }
    }
    return PostgresConfiguration(target, applicationName: name)
  }

  /// Joining the group goes on in the background. A database that is away does not hold up the start: the process is fine, and
  /// `/ready` says what is missing. One of another version does.
  public func bootstrap() async throws {
    try await SchemaCheck.atStart(database, context)
    let bus = KafkaEventBus(AgentActionsConsumer.kafka(context.configuration), logger: context.logger)
    try await DeploymentCheck.atStart(database, context) { try await bus.clusterID() }
    await consumer.checkDatabase()
  }

  public func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await retention.run() }
      defer { group.cancelAll() }
      try await consumer.run()
    }
  }
}
