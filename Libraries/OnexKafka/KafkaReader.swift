import CRdKafka
import OnexCore

/// Reads topics without a group.
final class KafkaReader: EventReader {
  private let thread: ConsumerThread

  /// Blocks until the positions are known.
  init(_ connection: KafkaConnection, _ topics: [String], _ start: ReaderStart, logger: Logger) throws(EventBusError) {
    guard !topics.isEmpty else { throw EventBusError(.configuration, "a reader names at least one topic") }
    let configuration = try KafkaConfiguration(
      connection,
      KafkaConfiguration.fetching + [
        // librdkafka wants a group id; without a subscription nothing joins it.
        ("group.id", "\(connection.clientID)-reader"),
        // The end of a partition is told apart from silence: `remaining` depends on it.
        ("enable.partition.eof", "true"),
        ("enable.auto.commit", "false"), ("auto.offset.reset", "earliest"), ("fetch.wait.max.ms", "50"),
      ])
    let callbacks = ClientCallbacks(logger: logger)
    ClientCallbacks.install(on: configuration.handle)
    let client = try KafkaClient(RD_KAFKA_CONSUMER, configuration, callbacks)
    let timeoutMS = Int32(clamping: connection.answerMax.microseconds / 1000)
    var ranges: [TopicPartition: Range<Int64>] = [:]
    for topic in topics {
      for partition in try KafkaMetadata.partitions(of: topic, client, timeoutMS: timeoutMS) {
        ranges[partition] = try KafkaReader.range(partition, start, client, timeoutMS)
      }
    }
    let code = PartitionList(ranges.mapValues(\.lowerBound)).withHandle { rd_kafka_assign(client.handle, $0) }
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw EventBusError(kafka: code, "assign") }
    thread = ConsumerThread(client, topics: topics, isMember: false, progress: ReadProgress(ranges))
    thread.start()
  }

  deinit { thread.beginClosing() }

  /// Where reading starts, and where the log ends now.
  private static func range(
    _ partition: TopicPartition, _ start: ReaderStart, _ client: KafkaClient, _ timeoutMS: Int32
  ) throws(EventBusError) -> Range<Int64> {
    let all = try KafkaMetadata.watermarks(of: partition, client, timeoutMS: timeoutMS)
    switch start {
    case .beginning: return all
    case .end: return all.upperBound..<all.upperBound
    case .last(let count):
      let (first, isBelow) = all.upperBound.subtractingReportingOverflow(Int64(max(count, 0)))
      return (isBelow ? all.lowerBound : max(all.lowerBound, first))..<all.upperBound
    }
  }

  func poll(_ limit: PollLimit) async -> [ConsumerEvent] { await thread.poll(limit) }

  func remaining() -> Int64 { thread.progress.withLock { $0.remaining } }

  func close() async { await thread.close() }
}
