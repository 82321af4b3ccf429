import OnexCore
import OnexInMemory
import OnexTestSupport
import Testing

@Suite struct InMemoryEventBusTests {
  private func subscription(_ topic: String = "t") -> OnexCore.Subscription {
    OnexCore.Subscription(topics: [topic], group: "g")
  }

  private func record(_ number: Int, topic: String = "t") -> OutboundRecord {
    OutboundRecord(topic: topic, partition: 0, key: nil, value: Bytes("\(number)"))
  }

  @Test func topicsAppearWithTheirFirstUse() async throws {
    let bus = InMemoryEventBus(limits: InMemoryEventBus.Limits(partitions: 3))
    let producer = try bus.producer()
    #expect(await producer.publish([OutboundRecord(topic: "t", partition: 2, key: nil, value: "x")]).isEmpty)
    let failures = await producer.publish([OutboundRecord(topic: "t", partition: 3, key: nil, value: "x")])
    #expect(failures.first?.error.code == .unknownTopic)
  }

  @Test func aWaitingPollEndsWithThePublishAndNotWithTheClock() async throws {
    let clock = VirtualClock()
    let bus = InMemoryEventBus(clock: clock)
    let consumer = try bus.consumer(subscription())
    _ = await consumer.poll(PollLimit(wait: .zero))
    async let polled = consumer.poll(PollLimit(wait: .seconds(5)))
    await clock.waitForSleeper(dueWithin: .seconds(5))
    _ = try await bus.producer().publish([record(1)])
    guard case .records(let records)? = await polled.first else {
      Issue.record("the record did not come")
      return
    }
    #expect(records.map(\.offset) == [0])
  }

  @Test func aWaitingPollEndsWithItsTime() async throws {
    let clock = VirtualClock()
    let consumer = try InMemoryEventBus(clock: clock).consumer(subscription())
    _ = await consumer.poll(PollLimit(wait: .zero))
    async let polled = consumer.poll(PollLimit(wait: .seconds(5)))
    await clock.waitForSleeper(dueWithin: .seconds(5))
    clock.advance(by: .seconds(5))
    #expect(await polled.isEmpty)
  }

  @Test func aFullPartitionRefusesUntilItsReadersHaveStored() async throws {
    let bus = InMemoryEventBus(limits: InMemoryEventBus.Limits(partitions: 1, recordsMax: 10, keptWithoutGroup: 2))
    let consumer = try bus.consumer(subscription())
    let producer = try bus.producer()
    #expect(await producer.publish((0..<10).map { record($0) }).isEmpty)
    let refused = await producer.publish([record(10)])
    #expect(refused.map(\.error.code) == [.queueFull])
    #expect(refused.first?.error.isRetriable == true)
    _ = await consumer.poll(PollLimit())
    try consumer.storeOffsets([TopicPartition("t", 0): 5])
    #expect(await producer.publish([record(10)]).isEmpty)
  }

  @Test func aTopicWithoutReadersForgetsItsOldest() async throws {
    let bus = InMemoryEventBus(limits: InMemoryEventBus.Limits(partitions: 1, recordsMax: 10, keptWithoutGroup: 5))
    let producer = try bus.producer()
    for number in 0..<1000 { #expect(await producer.publish([record(number)]).isEmpty) }
    let reader = try await bus.reader(topics: ["t"], from: .beginning)
    guard case .records(let records)? = await reader.poll(PollLimit()).first else {
      Issue.record("nothing is left")
      return
    }
    #expect(records.last?.offset == 999)
    #expect(records.count <= 10)
  }

  @Test func lostPartitionsCannotBeStoredAndGoToSomebodyElse() async throws {
    let bus = InMemoryEventBus()
    bus.createTopic("t", partitions: 1)
    let partition = TopicPartition("t", 0)
    let (owner, other) = (try bus.consumer(subscription()), try bus.consumer(subscription()))
    _ = await owner.poll(PollLimit(wait: .zero))
    bus.losePartition(partition, group: "g")
    let events = await owner.poll(PollLimit(wait: .zero))
    #expect(events.contains { if case .lost([partition]) = $0 { true } else { false } })
    if !events.contains(where: { if case .assigned = $0 { true } else { false } }) {
      #expect(throws: EventBusError.self) { try owner.storeOffsets([partition: 1]) }
    }
    await other.close()
  }

  @Test func injectedFailuresAreReportedByIndex() async throws {
    let bus = InMemoryEventBus()
    bus.failPublishing { $0.value == "2" ? EventBusError(.timedOut, "injected", isRetriable: true) : nil }
    let producer = try bus.producer()
    #expect(await producer.publish((0..<4).map { record($0) }).map(\.index) == [2])
    bus.failPublishing(nil)
    #expect(await producer.publish([record(2)]).isEmpty)
  }

  @Test func everyPartitionGetsItsTurn() async throws {
    let bus = InMemoryEventBus()
    bus.createTopic("t", partitions: 2)
    let producer = try bus.producer()
    for partition in 0..<2 {
      let records = (0..<100).map { _ in OutboundRecord(topic: "t", partition: Int32(partition), key: nil, value: "x") }
      #expect(await producer.publish(records).isEmpty)
    }
    let consumer = try bus.consumer(subscription())
    var sources: Set<TopicPartition> = []
    for _ in 0..<2 {
      for case .records(let records) in await consumer.poll(PollLimit(records: 10)) { sources.formUnion(records.map(\.source)) }
    }
    #expect(sources.count == 2, "a busy partition does not keep the others waiting")
  }
}
