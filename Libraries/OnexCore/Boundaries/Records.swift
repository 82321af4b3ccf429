/// One partition of one topic.
public struct TopicPartition: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let topic: String
  public let partition: Int32

  public init(_ topic: String, _ partition: Int32) {
    self.topic = topic
    self.partition = partition
  }

  public var description: String { "\(topic)[\(partition)]" }

  public static func < (left: TopicPartition, right: TopicPartition) -> Bool {
    (left.topic, left.partition) < (right.topic, right.partition)
  }
}

/// A record header. Names may repeat; the order is the producer's.
public struct RecordHeader: Sendable, Hashable {
  public let name: String
  /// `nil` is Kafka's null, which differs from an empty value.
  public let value: Bytes?

  public static let messageID = "message_id"

  public init(_ name: String, _ value: Bytes?) {
    self.name = name
    self.value = value
  }
}

/// A record as it was read from the log. `value` is `nil` for a tombstone.
public struct ConsumedRecord: Sendable {
  public let source: TopicPartition
  public let offset: Int64
  public let key: Bytes?
  public let value: Bytes?
  public let headers: [RecordHeader]
  /// Creation or append time, as the topic is configured; `nil` when the broker kept none.
  public let timestamp: Timestamp?

  public init(
    source: TopicPartition, offset: Int64, key: Bytes?, value: Bytes?, headers: [RecordHeader] = [], timestamp: Timestamp?
  ) {
    self.source = source
    self.offset = offset
    self.key = key
    self.value = value
    self.headers = headers
    self.timestamp = timestamp
  }
}

/// A record to be written. The partition follows from the key (murmur2, as the Java client does) unless one is named.
public struct OutboundRecord: Sendable {
  public let topic: String
  public let partition: Int32?
  public let key: Bytes?
  public let value: Bytes?
  /// What receivers recognise a repeat by; travels as the header `message_id`, before the others.
  public let messageID: EnvelopeID?
  public let headers: [RecordHeader]

  public init(
    topic: String, partition: Int32? = nil, key: Bytes?, value: Bytes?, messageID: EnvelopeID? = nil,
    headers: [RecordHeader] = []
  ) {
    self.topic = topic
    self.partition = partition
    self.key = key
    self.value = value
    self.messageID = messageID
    self.headers = headers
  }

  /// The headers as a reader sees them.
  public var allHeaders: [RecordHeader] {
    guard let messageID else { return headers }
    return [RecordHeader(RecordHeader.messageID, Bytes(messageID.description))] + headers
  }
}
