import CRdKafka
import OnexCore
import OnexKafka
import OnexTestSupport
import Testing

@Suite struct BrokerFaultTests {
  private static let eventsMax: Duration = .seconds(60)

  private func records(_ topic: String, _ numbers: Range<Int>) -> [OutboundRecord] {
    numbers.map { OutboundRecord(topic: topic, partition: 0, key: nil, value: Bytes("\($0)")) }
  }

  private func subscription(_ topic: String) -> OnexCore.Subscription {
    OnexCore.Subscription(topics: [topic], group: "\(topic)-group")
  }

  /// Polls until `isDone` says so of everything that has come.
  private func poll(_ consumer: any EventConsumer, until isDone: ([ConsumerEvent]) -> Bool) async -> [ConsumerEvent] {
    let clock = SystemClock()
    let deadline = clock.uptime() + BrokerFaultTests.eventsMax
    var events: [ConsumerEvent] = []
    while !isDone(events), clock.uptime() < deadline {
      events += await consumer.poll(PollLimit(wait: .milliseconds(50)))
    }
    return events
  }

  @Test func passingProduceErrorsKeepTheOrderAndLoseNothing() async throws {
    let cluster = try MockCluster()
    let topic = cluster.makeTopic(1)
    let producer = try cluster.bus().producer()
    cluster.fail(
      .produce,
      with: [
        RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
      ])
    async let first = producer.publish(records(topic, 0..<100))
    async let second = producer.publish(records(topic, 100..<200))
    #expect(await (first + second).isEmpty)
    await producer.close(timeout: .seconds(5))
    let consumer = try cluster.bus().consumer(subscription(topic))
    let events = await poll(consumer) { $0.values.count >= 200 }
    #expect(Set(events.values).count == 200)
    let expected = (0..<100).map(String.init)
    #expect(events.values.filter(expected.contains) == expected, "each batch keeps its order")
    await consumer.close()
  }

  @Test func theClusterSaysItsIDWhileItCanBeReached() async throws {
    let cluster = try MockCluster()
    let id = try #require(try await cluster.bus().clusterID())
    #expect(try await cluster.bus().clusterID() == id, "every client is told the same")
    cluster.setDown()
    await #expect(throws: EventBusError.self) { try await cluster.bus().clusterID() }
  }

  @Test func anOutageIsReportedOnceAndItsEnd() async throws {
    let cluster = try MockCluster()
    let topic = cluster.makeTopic(1)
    let (consumer, producer) = (try cluster.bus().consumer(subscription(topic)), try cluster.bus().producer())
    #expect(await producer.publish(records(topic, 0..<1)).isEmpty)
    _ = await poll(consumer) { $0.values.count == 1 }
    cluster.setDown()
    let during = await poll(consumer) { !$0.faults.isEmpty }
    #expect(during.faults.map(\.code) == [.unreachable])
    async let published = producer.publish(records(topic, 1..<2))
    for _ in 0..<10 { #expect(await consumer.poll(PollLimit(wait: .milliseconds(20))).isEmpty) }
    cluster.setUp()
    #expect(await published.isEmpty, "a publish outlasts an outage that is shorter than its delivery timeout")
    let after = await poll(consumer) { $0.values.count == 1 && $0.hasRecovered }
    #expect(after.hasRecovered)
    #expect(after.values == ["1"])
    await consumer.close()
    await producer.close(timeout: .seconds(5))
  }

  @Test func anOutageLongerThanTheDeliveryTimeoutIsARetriableFailure() async throws {
    let cluster = try MockCluster()
    let topic = cluster.makeTopic(1)
    let producer = try cluster.bus(["delivery.timeout.ms": "600"]).producer()
    #expect(await producer.publish(records(topic, 0..<1)).isEmpty)
    cluster.setDown()
    let failures = await producer.publish(records(topic, 1..<4))
    #expect(failures.map(\.index) == [0, 1, 2])
    #expect(failures.allSatisfy { $0.error.isRetriable && !$0.error.isFatal })
    cluster.setUp()
    // Connecting again may take longer than this delivery timeout.
    var refused = failures
    for _ in 0..<50 where !refused.isEmpty { refused = await producer.publish(records(topic, 1..<4)) }
    #expect(refused.isEmpty, "the producer is good again")
    await producer.close(timeout: .seconds(5))
  }

  @Test func joiningWaitsForABrokerThatComesLate() async throws {
    let cluster = try MockCluster()
    let topic = cluster.makeTopic(1)
    cluster.setDown()
    let consumer = try cluster.bus().consumer(subscription(topic))
    let before = await poll(consumer) { !$0.faults.isEmpty }
    #expect(before.faults.map(\.code) == [.unreachable])
    cluster.setUp()
    let after = await poll(consumer) { $0.assigned.count == 1 && $0.hasRecovered }
    #expect(after.hasRecovered)
    await consumer.close()
  }

  @Test func closingDuringAnOutageEnds() async throws {
    let cluster = try MockCluster()
    let topic = cluster.makeTopic(1)
    let (consumer, producer) = (try cluster.bus().consumer(subscription(topic)), try cluster.bus().producer())
    #expect(await producer.publish(records(topic, 0..<1)).isEmpty)
    _ = await poll(consumer) { $0.values.count == 1 }
    cluster.setDown()
    try consumer.storeOffsets([TopicPartition(topic, 0): 1])
    async let published = producer.publish(records(topic, 1..<3))
    await consumer.close()
    await producer.close(timeout: .milliseconds(200))
    let failures = await published
    #expect(failures.map(\.index) == [0, 1], "what is in flight is reported and not left hanging")
    #expect(failures.allSatisfy { $0.error.isRetriable || $0.error.code == .closed })
  }

  @Test func aMemberThatTheGroupForgotLosesItsPartitions() async throws {
    let cluster = try MockCluster()
    let topic = cluster.makeTopic(2)
    let consumer = try cluster.bus().consumer(subscription(topic))
    _ = await poll(consumer) { $0.assigned.count == 2 }
    cluster.fail(.heartbeat, with: [RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID])
    var isStoreRefused = false
    let events = await poll(consumer) { events in
      guard !events.lost.isEmpty else { return false }
      isStoreRefused = (try? consumer.storeOffsets([TopicPartition(topic, 0): 1])) == nil
      return true
    }
    #expect(events.lost.count == 2)
    #expect(isStoreRefused, "nothing is stored of partitions that are somebody else's")
    let later = await poll(consumer) { (events + $0).assigned.count == 2 }
    #expect((events + later).assigned.count == 2, "the member joins again by itself")
    await consumer.close()
  }

  @Test func aFullQueueIsWaitedForAndKeepsTheOrder() async throws {
    let cluster = try MockCluster()
    let topic = cluster.makeTopic(1)
    let bus = cluster.bus(["queue.buffering.max.messages": "50"])
    let producer = try bus.producer()
    async let first = producer.publish(records(topic, 0..<2000))
    #expect(await first.isEmpty)
    #expect(await producer.publish(records(topic, 2000..<2100)).isEmpty)
    await producer.close(timeout: .seconds(5))
    let consumer = try bus.consumer(subscription(topic))
    let events = await poll(consumer) { $0.values.count >= 2100 }
    #expect(events.values == (0..<2100).map(String.init))
    await consumer.close()
  }

  @Test func recordsOutliveTheirConsumer() async throws {
    let cluster = try MockCluster()
    let topic = cluster.makeTopic(1)
    let producer = try cluster.bus().producer()
    #expect(await producer.publish(records(topic, 0..<100)).isEmpty)
    await producer.close(timeout: .seconds(5))
    var kept: [ConsumedRecord] = []
    do {
      let consumer = try cluster.bus().consumer(subscription(topic))
      for case .records(let records) in await poll(consumer, until: { $0.values.count == 100 }) { kept += records }
      await consumer.close()
    }
    #expect(kept.compactMap { $0.value?.text } == (0..<100).map(String.init))
  }

  /// A defect of librdkafka before 2.3.0 would end the process here: the group has answered and has not yet said what is whose.
  @Test func aMemberMayLeaveBeforeItsFirstAssignment() async throws {
    let cluster = try MockCluster()
    let topic = cluster.makeTopic(1)
    cluster.fail(.syncGroup, with: Array(repeating: RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, count: 100))
    let consumer = try cluster.bus().consumer(subscription(topic))
    // The cluster lets a group's first member wait for three seconds.
    let events = await consumer.poll(PollLimit(wait: .seconds(4)))
    #expect(!events.contains { if case .assigned = $0 { true } else { false } })
    await consumer.close()
  }

  /// Handlers at work may need longer than the poll interval, by which a broker bounds a rebalance: cooperative members give up after it.
  @Test func partitionsThatAreWantedBackMayBeKeptForLongerThanThePollInterval() async throws {
    let cluster = try MockCluster()
    let topic = cluster.makeTopic(2)
    let bus = cluster.bus(["max.poll.interval.ms": "6000", "session.timeout.ms": "6000"])
    let (clock, first) = (SystemClock(), try bus.consumer(subscription(topic)))
    _ = await poll(first) { $0.assigned.count == 2 }
    #expect(first.revocationMax > .seconds(12))
    let second = try bus.consumer(subscription(topic))
    var events: [ConsumerEvent] = []
    var wantedAt: Duration?
    var taken: [TopicPartition] = []
    let deadline = clock.uptime() + BrokerFaultTests.eventsMax
    while taken.isEmpty, clock.uptime() < deadline {
      events += await first.poll(PollLimit(wait: .milliseconds(20)))
      taken += await second.poll(PollLimit(wait: .milliseconds(20))).assigned
      if wantedAt == nil, !events.revoking.isEmpty { wantedAt = clock.uptime() }
      if let since = wantedAt, clock.uptime() - since > .seconds(7), !events.revoking.isEmpty {
        #expect(taken.isEmpty, "a partition stays its owner's until it is given up")
        first.completeRevocation(events.revoking)
        events.removeAll { if case .revoking = $0 { true } else { false } }
      }
    }
    #expect(taken.count == 1 && events.lost.isEmpty)
    await first.close()
    await second.close()
  }
}
