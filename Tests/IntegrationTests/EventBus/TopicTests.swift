import OnexCore
import OnexKafka
import OnexTestSupport
import Testing

@Suite struct TopicTests {
  @Test func topicsAreMadeDescribedAndNotMadeTwice() async throws {
    let broker = try Broker()
    let name = try await broker.makeTopic(3)
    let admin = try KafkaAdmin(broker.connection)
    let described = try #require(try await admin.topics().first { $0.name == name })
    #expect(described.partitions.map(\.partition) == [0, 1, 2])
    #expect(described.partitions.allSatisfy { $0.leader != nil && $0.replicas.count == 1 && $0.inSyncReplicas.count == 1 })
    let results = await admin.create([
      TopicSpecification(name: name, partitions: 3, replicationFactor: 1),
      TopicSpecification(name: "\(name)-other", partitions: 1, replicationFactor: 1),
      TopicSpecification(name: "not a name", partitions: 1, replicationFactor: 1),
    ])
    #expect(results[0] == .alreadyExists)
    #expect(results[1] == .created)
    #expect(results[2] != .created && results[2] != .alreadyExists)
  }

  @Test func aBrokerThatAnswersIsTimedAndOneThatDoesNotIsAnError() async throws {
    let broker = try Broker()
    #expect(try await KafkaAdmin(broker.connection).ping() > .zero)
    let nobody = try KafkaAdmin(KafkaConnection(bootstrapServers: ["127.0.0.1:1"], clientID: "tests"))
    await #expect(throws: EventBusError.self) { try await nobody.ping(timeout: .milliseconds(200)) }
  }

  @Test func publishingToATopicThatDoesNotExistFailsAndMakesNone() async throws {
    let broker = try Broker()
    let name = "missing-\(RandomIDSource().next())"
    var connection = broker.connection
    connection.overrides = ["topic.metadata.propagation.max.ms": "200"]
    let producer = try KafkaEventBus(connection).producer()
    let failures = await producer.publish([OutboundRecord(topic: name, key: nil, value: "x")])
    await producer.close(timeout: .seconds(5))
    #expect(failures.map(\.index) == [0])
    #expect(failures.first?.error.code == .unknownTopic)
    #expect(try await !KafkaAdmin(connection).topics().contains { $0.name == name })
    await #expect(throws: EventBusError.self) { try await KafkaEventBus(connection).reader(topics: [name], from: .end) }
  }

  @Test func aTopicThatIsMadeAfterTheSubscriptionIsFound() async throws {
    let broker = try Broker()
    let name = "late-\(RandomIDSource().next())"
    var connection = broker.connection
    connection.overrides = ["topic.metadata.refresh.interval.ms": "500"]
    let consumer = try KafkaEventBus(connection).consumer(OnexCore.Subscription(topics: [name], group: "\(name)-group"))
    let clock = SystemClock()
    let deadline = clock.uptime() + .seconds(60)
    var isMissing = false
    var isAssigned = false
    while !isAssigned, clock.uptime() < deadline {
      for event in await consumer.poll(PollLimit(wait: .milliseconds(50))) {
        if case .fault(let error) = event, error.code == .unknownTopic, !isMissing {
          isMissing = true
          _ = await (try KafkaAdmin(connection)).create([
            TopicSpecification(name: name, partitions: 1, replicationFactor: 1)
          ])
        }
        if case .assigned([TopicPartition(name, 0)]) = event { isAssigned = true }
      }
    }
    #expect(isMissing, "the operator is told of the missing topic")
    #expect(isAssigned, "and the topic is read once it is there")
    await consumer.close()
  }
}
