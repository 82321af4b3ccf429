import CRdKafka
import Glibc
import OnexCore
import OnexKafka
import OnexTestSupport
import Testing

@Suite struct BrokerConformanceTests {
  @Test(arguments: EventBusConformance.Check.allCases)
  func keepsThePromise(_ check: EventBusConformance.Check) async throws {
    let broker = try Broker()
    let conformance = EventBusConformance(
      KafkaEventBus(broker.connection), deleteRecords: { try broker.deleteRecords($0, before: $1) },
      makeTopic: { try await broker.makeTopic($0) })
    try await conformance.run(check)
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

  struct Refused: Error, CustomStringConvertible {
    let description: String
  }

  /// Deletes the records of a partition up to an offset (KIP-107); blocks.
  func deleteRecords(_ partition: TopicPartition, before offset: Int64) throws {
    let configuration = rd_kafka_conf_new()
    rd_kafka_conf_set(configuration, "bootstrap.servers", connection.bootstrapServers.joined(separator: ","), nil, 0)
    guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, nil, 0) else {
      throw Refused(description: "no client can be made")
    }
    defer { rd_kafka_destroy(client) }
    let offsets = rd_kafka_topic_partition_list_new(1)
    defer { rd_kafka_topic_partition_list_destroy(offsets) }
    rd_kafka_topic_partition_list_add(offsets, partition.topic, partition.partition).pointee.offset = offset
    var request: OpaquePointer? = rd_kafka_DeleteRecords_new(offsets)
    defer { rd_kafka_DeleteRecords_destroy(request) }
    let replies = rd_kafka_queue_new(client)
    defer { rd_kafka_queue_destroy(replies) }
    rd_kafka_DeleteRecords(client, &request, 1, nil, replies)
    guard let event = rd_kafka_queue_poll(replies, 30_000) else { throw Refused(description: "the broker did not answer") }
    defer { rd_kafka_event_destroy(event) }
    guard rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR else {
      throw Refused(description: String(cString: rd_kafka_event_error_string(event)))
    }
  }
}
