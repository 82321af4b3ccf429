import CRdKafka
import OnexCore
import OnexKafka
import Testing

/// Logs that a transactional producer has written: between and behind their records lie markers that no consumer is given.
@Suite(.timeLimit(.minutes(2))) struct TransactionTests {
  @Test func aLogThatEndsInMarkersHasNoLag() async throws {
    let broker = try Broker()
    let topic = try await broker.makeTopic(1)
    try TransactionTests.write(to: topic, broker)
    let partition = TopicPartition(topic, 0)
    let bus = KafkaEventBus(broker.connection)
    let consumer = try bus.consumer(Subscription(topics: [topic], group: "\(topic)-group"))
    var next: Int64 = 0
    var values: [String] = []
    var isMissing = false
    while values.count < 4 || consumer.lag()[partition] != 0 {
      for event in await consumer.poll(PollLimit(wait: .milliseconds(100))) {
        switch event {
        case .records(let records):
          values += records.compactMap { $0.value?.text }
          next = (records.last?.offset ?? next) + 1
          try consumer.storeOffsets([partition: next])
        case .skipped, .wentBack: isMissing = true
        default: break
        }
      }
    }
    #expect(values == ["0", "1", "4", "5"], "what was aborted is not read")
    #expect(!isMissing, "markers are no loss")
    await consumer.close()
    // The group stands behind the markers: the next member has nothing before it either.
    let second = try bus.consumer(Subscription(topics: [topic], group: "\(topic)-group"))
    while second.lag()[partition] != 0 { _ = await second.poll(PollLimit(wait: .milliseconds(100))) }
    await second.close()
  }

  /// Three transactions of two records; the second is aborted. Blocks.
  private static func write(to topic: String, _ broker: Broker) throws {
    let configuration = rd_kafka_conf_new()
    let servers = broker.connection.bootstrapServers.joined(separator: ",")
    rd_kafka_conf_set(configuration, "bootstrap.servers", servers, nil, 0)
    rd_kafka_conf_set(configuration, "transactional.id", "\(topic)-writer", nil, 0)
    let made = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, nil, 0)
    let client = try #require(made)
    defer { rd_kafka_destroy(client) }
    try check(rd_kafka_init_transactions(client, 30_000))
    let handle = try #require(rd_kafka_topic_new(client, topic, nil))
    defer { rd_kafka_topic_destroy(handle) }
    for transaction in 0..<3 {
      try check(rd_kafka_begin_transaction(client))
      for record in 0..<2 {
        let value = Bytes("\(transaction * 2 + record)")
        let code = value.withUnsafeBytes { onex_kafka_produce(client, handle, 0, nil, 0, $0.baseAddress, $0.count, nil, nil) }
        #expect(code == RD_KAFKA_RESP_ERR_NO_ERROR)
      }
      rd_kafka_flush(client, 30_000)
      try check(transaction == 1 ? rd_kafka_abort_transaction(client, 30_000) : rd_kafka_commit_transaction(client, 30_000))
    }
  }

  private static func check(_ error: OpaquePointer?) throws {
    guard let error else { return }
    defer { rd_kafka_error_destroy(error) }
    throw Broker.Refused(description: String(cString: rd_kafka_error_string(error)))
  }
}
