import Glibc
import OnexCore
import OnexJSON
import OnexKafka
import OnexMigrations
import OnexPostgres
import OnexService
import ProcessTestSupport
import Testing

@testable import OnexObservability

/// The consumer between a real broker and a real database, on a topic of its own.
struct AgentActionsStage: Sendable {
  let table: ObservabilityTable
  let databaseURL: String
  let bus: KafkaEventBus
  private let producer: any EventProducer

  /// - Parameter databaseURL: a database that is empty.
  init(databaseURL: String, table: ObservabilityTable = .agentActions) async throws {
    guard let servers = getenv("KAFKA_BOOTSTRAP_SERVERS") else { throw MissingServer(variable: "KAFKA_BOOTSTRAP_SERVERS") }
    let connection = KafkaConnection(bootstrapServers: [String(cString: servers)], clientID: "agent-actions-tests")
    let topic = "agent-actions-test-\(RandomIDSource().next())"
    self.databaseURL = databaseURL
    self.table = table.reading(topic)
    bus = KafkaEventBus(connection)
    producer = try bus.producer()
    let admin = try KafkaAdmin(connection)
    let wanted = [topic, Topics.deadLetters(of: topic)].map {
      TopicSpecification(name: $0, partitions: 3, replicationFactor: 1, configuration: ["max.message.bytes": "8388608"])
    }
    for creation in await admin.create(wanted) {
      if case .failed(let error) = creation { throw error }
    }
    let database = try await PostgresConnection.connect(PostgresConfiguration(.connectionString(databaseURL)))
    _ = try await Migrator(database, try MigrationFolder.load(ScratchDatabase.migrations)).up()
    await database.close()
  }

  struct Member: Sendable {
    let consumer: ObservabilityConsumer
    let context: ServiceContext

    var isReady: Bool { context.health.isReady }

    func metric(_ prefix: String) -> Int {
      context.metrics.prometheusText().split(separator: "\n").filter { $0.hasPrefix("onex_observability_\(prefix)") }
        .compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }.reduce(0, +)
    }
  }

  func member(group: String = "group", policy: DecodingPolicy = DecodingPolicy()) throws -> Member {
    let context = ServiceContext(
      name: "test", configuration: try Configuration.load([], from: EnvironmentVariables([:])), health: HealthState())
    let group = "\(table.topic)-\(group)"
    let consumer = ObservabilityConsumer(
      ObservabilityConsumer.Parts(
        consumer: try bus.consumer(Subscription(topics: [table.topic], group: group)), producer: try bus.producer(),
        store: PostgresRowStore { PostgresClient(PostgresConfiguration(.connectionString(databaseURL))) }, tables: [table],
        writersMax: 1,
        group: group, limits: BatchLimits(rowsDue: 100, waitMax: .seconds(1)), breaker: CircuitBreakerPolicy(), policy: policy,
        pollStalenessMax: .seconds(60), writeStalenessMax: .seconds(300), context: context))
    context.health.running()
    return Member(consumer: consumer, context: context)
  }

  /// Runs `member` beside `body`, then drains it.
  func run<R: Sendable>(_ member: Member, _ body: @Sendable () async throws -> R) async throws -> R {
    async let running: Void = member.consumer.run()
    let result: Result<R, any Error>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    member.context.shutdown.request()
    try await running
    return try result.get()
  }

  static func event(_ id: RawUUID, action: String = "search") -> Bytes {
    let event: JSONValue = [
      "id": .string(id.description), "correlation_id": .string(id.description), "agent_name": "planner",
      "action_type": "tool_call", "action_name": .string(action), "created_at": "2026-11-21T03:48:54.123456Z",
      "duration_ms": 5, "result": "done", "unknown": ["kept": true],
    ]
    return event.encoded()
  }

  func send(_ values: [Bytes?]) async throws {
    let failures = await producer.publish(values.map { OutboundRecord(topic: table.topic, key: nil, value: $0) })
    try #require(failures.isEmpty)
  }

  /// One column of a query as text.
  func column(_ sql: String) async throws -> [String] {
    let connection = try await PostgresConnection.connect(PostgresConfiguration(.connectionString(databaseURL)))
    let result = try await connection.query(sql)
    let values = try result.rows.map { try $0.value(result.columns[0], as: String.self) }
    await connection.close()
    return values
  }

  func deadLetters(count: Int) async throws -> [ConsumedRecord] {
    let reader = try await bus.reader(topics: [Topics.deadLetters(of: table.topic)], from: .beginning)
    var records: [ConsumedRecord] = []
    try await AgentActionsStage.until {
      for case .records(let more) in await reader.poll(PollLimit()) { records += more }
      return records.count >= count
    }
    await reader.close()
    return records
  }

  struct NeverTrue: Error {}

  /// Looks until `condition` holds. The bound ends a test that would hang; it is no measure of speed.
  static func until(_ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < deadline {
      if try await condition() { return }
      try await Task.sleep(for: .milliseconds(5))
    }
    throw NeverTrue()
  }
}
