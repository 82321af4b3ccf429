import CRdKafka
import OnexCore

/// What the cluster says about its topics.
enum KafkaMetadata {
  static func partitions(
    of topic: String, _ client: KafkaClient, timeoutMS: Int32
  ) throws(EventBusError) -> [TopicPartition] {
    guard let handle = rd_kafka_topic_new(client.handle, topic, nil) else {
      throw EventBusError(kafka: rd_kafka_last_error(), topic)
    }
    defer { rd_kafka_topic_destroy(handle) }
    let found = try topics(client, only: handle, timeoutMS: timeoutMS).first { $0.name == topic }
    guard let found, !found.partitions.isEmpty else {
      throw EventBusError(.unknownTopic, "the topic \(topic) does not exist")
    }
    return found.partitions.map { TopicPartition(topic, $0.partition) }
  }

  /// Blocks for a round trip.
  static func topics(
    _ client: KafkaClient, only topic: OpaquePointer?, timeoutMS: Int32 = KafkaBounds.metadataTimeoutMS
  ) throws(EventBusError) -> [TopicDescription] {
    try read(client, all: topic == nil, topic, timeoutMS) { metadata in
      (0..<Int(metadata.topic_cnt)).map { describe(metadata.topics[$0]) }
    }
  }

  /// The ids of the brokers. Blocks for a round trip.
  static func brokers(_ client: KafkaClient, timeoutMS: Int32) throws(EventBusError) -> [Int32] {
    try read(client, all: false, nil, timeoutMS) { metadata in
      (0..<Int(metadata.broker_cnt)).map { metadata.brokers[$0].id }
    }
  }

  /// Asks with a client made for it. Blocks for a connection and a round trip.
  static func clusterID(_ connection: KafkaConnection, logger: Logger) throws(EventBusError) -> String? {
    let configuration = try KafkaConfiguration(connection, [])
    let callbacks = ClientCallbacks(logger: logger)
    ClientCallbacks.install(on: configuration.handle)
    let client = try KafkaClient(RD_KAFKA_PRODUCER, configuration, callbacks)
    // Tells a cluster that cannot be reached from one that reports no id: librdkafka answers NULL for both.
    _ = try brokers(client, timeoutMS: KafkaBounds.metadataTimeoutMS)
    guard let text = rd_kafka_clusterid(client.handle, KafkaBounds.clusterIDTimeoutMS) else { return nil }
    defer { rd_kafka_mem_free(client.handle, text) }
    let id = String(cString: text)
    return id.isEmpty ? nil : id
  }

  private static func read<Answer>(
    _ client: KafkaClient, all: Bool, _ topic: OpaquePointer?, _ timeoutMS: Int32, _ body: (rd_kafka_metadata) -> Answer
  ) throws(EventBusError) -> Answer {
    var metadata: UnsafePointer<rd_kafka_metadata>?
    let code = rd_kafka_metadata(client.handle, all ? 1 : 0, topic, &metadata, timeoutMS)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else { throw EventBusError(kafka: code, "metadata") }
    defer { rd_kafka_metadata_destroy(metadata) }
    return body(metadata.pointee)
  }

  /// The first offset that is still there, and the next one to be written. Blocks for two round trips.
  static func watermarks(
    of partition: TopicPartition, _ client: KafkaClient, timeoutMS: Int32 = KafkaBounds.metadataTimeoutMS
  ) throws(EventBusError) -> Range<Int64> {
    var low: Int64 = 0
    var high: Int64 = 0
    let code = rd_kafka_query_watermark_offsets(client.handle, partition.topic, partition.partition, &low, &high, timeoutMS)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw EventBusError(kafka: code, "offsets of \(partition)") }
    return low..<max(low, high)
  }

  private static func describe(_ topic: rd_kafka_metadata_topic) -> TopicDescription {
    let partitions = (0..<Int(topic.partition_cnt)).map { index in
      let partition = topic.partitions[index]
      func ids(_ list: UnsafeMutablePointer<Int32>?, _ count: Int32) -> [Int32] {
        list.map { list in (0..<Int(count)).map { list[$0] } } ?? []
      }
      return TopicDescription.Partition(
        partition: partition.id, leader: partition.leader >= 0 ? partition.leader : nil,
        replicas: ids(partition.replicas, partition.replica_cnt), inSyncReplicas: ids(partition.isrs, partition.isr_cnt))
    }
    return TopicDescription(
      name: String(cString: topic.topic), partitions: partitions.sorted { $0.partition < $1.partition })
  }
}

/// A topic as it is.
public struct TopicDescription: Sendable, Hashable {
  public struct Partition: Sendable, Hashable {
    public let partition: Int32
    /// `nil` while there is none.
    public let leader: Int32?
    public let replicas: [Int32]
    public let inSyncReplicas: [Int32]

    public init(partition: Int32, leader: Int32?, replicas: [Int32], inSyncReplicas: [Int32]) {
      self.partition = partition
      self.leader = leader
      self.replicas = replicas
      self.inSyncReplicas = inSyncReplicas
    }
  }

  public let name: String
  public let partitions: [Partition]

  public init(name: String, partitions: [Partition]) {
    self.name = name
    self.partitions = partitions
  }
}
