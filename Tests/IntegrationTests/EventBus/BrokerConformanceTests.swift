import Glibc
import OnexCore
import OnexKafka
import OnexTestSupport
import Testing

@Suite struct BrokerConformanceTests {
  @Test(arguments: EventBusConformance.Check.allCases)
  func keepsThePromise(_ check: EventBusConformance.Check) async throws {
    let broker = try Broker()
    try await EventBusConformance(KafkaEventBus(broker.connection)) { try await broker.makeTopic($0) }.run(check)
  }
}

/// The broker that the tests run against.
struct Broker {
  struct Missing: Error, CustomStringConvertible {
    let description = "KAFKA_BOOTSTRAP_SERVERS is not set: run make test, which starts a broker"
  }

  let connection: KafkaConnection

  init() throws {
    guard let servers = getenv("KAFKA_BOOTSTRAP_SERVERS") else { throw Missing() }
    connection = KafkaConnection(
      bootstrapServers: String(cString: servers).split(separator: ",").map(String.init), clientID: "integration-tests")
  }

  /// A topic with a name of its own: the broker is shared.
  func makeTopic(_ partitions: Int) async throws -> String {
    let name = "test-\(RandomIDSource().next())"
    let admin = try KafkaAdmin(connection)
    let specification = TopicSpecification(
      name: name, partitions: Int32(partitions), replicationFactor: 1, configuration: ["max.message.bytes": "4194304"])
    let results = await admin.create([specification])
    if case .failed(let error) = results[0] { throw error }
    return name
  }
}
