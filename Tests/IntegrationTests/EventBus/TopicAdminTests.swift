import OnexCore
import OnexKafka
import OnexTestSupport
import OnexTopics
import ProcessTestSupport
import Testing

/// What the administrator asks of a real broker.
@Suite struct TopicAdminTests {
  private func settings(_ topic: String, _ admin: KafkaAdmin) async throws -> [String: KafkaSetting] {
    let all = try #require(try await admin.settings(ofTopics: [topic])[topic]).get()
    return Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
  }

  @Test func aSettingThatSomebodyElseHasMadeSurvives() async throws {
    let broker = try Broker()
    let admin = try KafkaAdmin(broker.connection)
    let name = "foreign-\(RandomIDSource().next())"
    #expect(
      await admin.create([
        TopicSpecification(name: name, partitions: 1, replicationFactor: 1, configuration: ["retention.ms": "900000"])
      ]) == [.created])
    // Somebody else.
    let other = try KafkaAdmin(broker.connection)
    #expect(await other.alter([(topic: name, settings: ["segment.ms": "123456", "cleanup.policy": "compact"])]) == [nil])
    #expect(await admin.alter([(topic: name, settings: ["retention.ms": "500000"])]) == [nil])
    let found = try await settings(name, admin)
    #expect(found["retention.ms"]?.value == "500000" && found["retention.ms"]?.source == .topic)
    #expect(found["segment.ms"]?.value == "123456" && found["cleanup.policy"]?.value == "compact")
    #expect(found["max.message.bytes"]?.source == .standard, "what nobody has set stays the broker's own")
  }

  @Test func eachTopicHasItsOwnOutcome() async throws {
    let broker = try Broker()
    let admin = try KafkaAdmin(broker.connection)
    let (good, bad) = (try await broker.makeTopic(1), try await broker.makeTopic(1))
    let missing = "missing-\(RandomIDSource().next())"
    let altered = await admin.alter([
      (topic: bad, settings: ["no.such.key": "1"]), (topic: good, settings: ["retention.ms": "700000"]),
      (topic: missing, settings: ["retention.ms": "1"]),
    ])
    #expect(altered[0]?.message.contains("no.such.key") == true)
    #expect(altered[1] == nil && altered[2]?.code == .unknownTopic)
    let grown = await admin.grow([
      (topic: good, partitions: 3), (topic: bad, partitions: 1), (topic: missing, partitions: 2),
    ])
    #expect(grown[0] == nil && grown[1] != nil && grown[2]?.code == .unknownTopic)
    #expect(try await admin.topics().first { $0.name == good }?.partitions.count == 3)
    let described = try await admin.settings(ofTopics: [good, missing])
    #expect(throws: EventBusError.self) { try described[missing]?.get() }
    #expect(try described[good]?.get().isEmpty == false)
  }

  @Test func groupsAndWhatTheyHaveCommittedAreSeen() async throws {
    let broker = try Broker()
    let topic = try await broker.makeTopic(2)
    let bus = KafkaEventBus(broker.connection)
    let producer = try bus.producer()
    #expect(
      await producer.publish((0..<5).map { OutboundRecord(topic: topic, partition: 0, key: nil, value: Bytes("\($0)")) }).isEmpty)
    await producer.close(timeout: .seconds(5))
    let group = "\(topic)-group"
    let consumer = try bus.consumer(OnexCore.Subscription(topics: [topic], group: group))
    _ = try await TestEnvironment.eventually("the records come") {
      let events = await consumer.poll(PollLimit())
      return events.contains { if case .records = $0 { true } else { false } } ? true : nil
    }
    try consumer.storeOffsets([TopicPartition(topic, 0): 3])
    try await consumer.commit()
    await consumer.close()
    let admin = try KafkaAdmin(broker.connection)
    #expect(try await admin.groups().contains(group))
    let partitions = [TopicPartition(topic, 0), TopicPartition(topic, 1)]
    let committed = try await admin.committedOffsets(of: group, partitions)
    #expect(committed[partitions[0]] == 3)
    #expect(committed[partitions[1], default: 0] == 0, "a partition without records may have its beginning stored")
    #expect(
      try await admin.watermarks(of: partitions) == [TopicPartition(topic, 0): 0..<5, TopicPartition(topic, 1): 0..<0])
  }

  /// The broker would make them: what keeps it from that is `allow.auto.create.topics=false` in every client.
  @Test func noClientEverMakesATopicByAsking() async throws {
    let broker = try Broker()
    let admin = try KafkaAdmin(broker.connection)
    #expect(try await admin.state(describing: []).implicitCreation == .enabled, "else this test would show nothing")
    let name = "asked-\(RandomIDSource().next())"
    var connection = broker.connection
    connection.overrides = ["topic.metadata.propagation.max.ms": "200"]
    let bus = KafkaEventBus(connection)
    let producer = try bus.producer()
    #expect(await producer.publish([OutboundRecord(topic: name, key: nil, value: "x")]).count == 1)
    await producer.close(timeout: .seconds(5))
    await #expect(throws: EventBusError.self) { try await bus.reader(topics: [name], from: .end) }
    let consumer = try bus.consumer(OnexCore.Subscription(topics: [name], group: "\(name)-group"))
    _ = try await TestEnvironment.eventually("the consumer is told") {
      let events = await consumer.poll(PollLimit())
      return events.contains { if case .fault(let error) = $0 { error.code == .unknownTopic } else { false } } ? true : nil
    }
    await consumer.close()
    _ = try await admin.watermarks(of: [TopicPartition(name, 0)])
    _ = await admin.grow([(topic: name, partitions: 2)])
    _ = try await admin.settings(ofTopics: [name])
    #expect(try await !admin.topics().contains { $0.name == name })
  }
}
