import CRdKafka
import OnexCore

/// Reads topics without a group.
final class KafkaReader: EventReader {
  private let client: KafkaClient
  private let poller: Poller

  /// Blocks until the positions are known.
  init(_ connection: KafkaConnection, _ topics: [String], _ start: ReaderStart, logger: Logger) throws(EventBusError) {
    let configuration = try KafkaConfiguration(
      connection,
      [
        // librdkafka wants a group id; without a subscription nothing joins it.
        ("group.id", "\(connection.clientID)-reader"),
        ("enable.auto.commit", "false"), ("enable.auto.offset.store", "false"), ("auto.offset.reset", "earliest"),
        ("queued.max.messages.kbytes", String(KafkaBounds.consumerQueueKiB)),
        ("fetch.message.max.bytes", String(KafkaBounds.fetchBytesMax)),
        ("fetch.max.bytes", String(KafkaBounds.recordBytesMax)),
        ("receive.message.max.bytes", String(KafkaBounds.recordBytesMax + 4096)), ("fetch.wait.max.ms", "50"),
      ])
    let callbacks = ClientCallbacks(logger: logger)
    ClientCallbacks.install(on: configuration.handle)
    client = try KafkaClient(RD_KAFKA_CONSUMER, configuration, opaque: callbacks.retainedOpaque)
    var positions: [TopicPartition: Int64] = [:]
    for topic in topics {
      for partition in try KafkaMetadata.partitions(of: topic, client) {
        positions[partition] = try KafkaReader.position(partition, start, client)
      }
    }
    let code = rd_kafka_assign(client.handle, PartitionList(positions).handle)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw EventBusError(kafka: code, "assign") }
    poller = Poller(client, callbacks) { _ in }
  }

  private static func position(
    _ partition: TopicPartition, _ start: ReaderStart, _ client: KafkaClient
  ) throws(EventBusError) -> Int64 {
    var low: Int64 = 0
    var high: Int64 = 0
    let code = rd_kafka_query_watermark_offsets(
      client.handle, partition.topic, partition.partition, &low, &high, KafkaBounds.metadataTimeoutMS)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw EventBusError(kafka: code, "offsets of \(partition)") }
    switch start {
    case .beginning: return low
    case .end: return high
    case .last(let count): return max(low, high - Int64(max(count, 0)))
    }
  }

  func poll(_ limit: PollLimit) async -> [ConsumerEvent] { await poller.poll(limit) }

  func close() async {
    poller.stop()
    let client = client
    await AdapterThread.call("kafka-close") { _ = rd_kafka_consumer_close(client.handle) }
  }
}
