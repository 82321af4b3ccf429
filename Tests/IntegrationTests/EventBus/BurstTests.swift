import OnexCore
import OnexKafka
import OnexTestSupport
import Testing

/// Bursts that fill the client's queue (`KafkaBounds.consumerQueueRecords`): what comes behind them is handed out at once, too.
@Suite(.timeLimit(.minutes(2))) struct BurstTests {
  @Test func whatFollowsABurstComesWithoutARest() async throws {
    let broker = try Broker()
    let topic = try await broker.makeTopic(1)
    let bus = KafkaEventBus(broker.connection)
    let producer = try bus.producer()
    let consumer = try bus.consumer(Subscription(topics: [topic], group: "\(topic)-group"))
    let clock = SystemClock()
    var rests: [Duration] = []
    for _ in 0..<9 {
      try await BurstTests.publish(12_000, to: topic, producer)
      await BurstTests.take(12_000, from: consumer)
      let begin = clock.uptime()
      try await BurstTests.publish(1, to: topic, producer)
      await BurstTests.take(1, from: consumer)
      rests.append(clock.uptime() - begin)
    }
    await consumer.close()
    await producer.close(timeout: .seconds(5))
    // A client that rests does so for up to a second, half a second on average.
    #expect(rests.sorted()[rests.count / 2] < .milliseconds(200), "\(rests)")
  }

  private static func publish(_ count: Int, to topic: String, _ producer: any EventProducer) async throws {
    let failures = await producer.publish((0..<count).map { OutboundRecord(topic: topic, key: nil, value: Bytes("\($0)")) })
    try #require(failures.isEmpty)
  }

  private static func take(_ count: Int, from consumer: any EventConsumer) async {
    var taken = 0
    while taken < count {
      for case .records(let records) in await consumer.poll(PollLimit(wait: .milliseconds(100))) { taken += records.count }
    }
  }
}
