import CRdKafka
import OnexCore

/// The messages of one poll. The records made of them point into their memory; with the last record the messages go.
final class MessageBatch: @unchecked Sendable {
  typealias Messages = UnsafeMutablePointer<UnsafeMutablePointer<rd_kafka_message_t>?>

  /// Messages that one call to librdkafka returns at most.
  static let sizeMax = 4096

  private let client: KafkaClient
  private let messages: Messages
  private let count: Int
  /// The first message that was not read yet. Belongs to the thread that reads.
  private var next = 0
  /// What is left of these is out of date: reading goes on elsewhere.
  private var discarded: Set<TopicPartition> = []

  /// Takes the messages over.
  init(_ source: Messages, count: Int, client: KafkaClient) {
    self.client = client
    self.count = count
    messages = .allocate(capacity: count)
    messages.update(from: source, count: count)
  }

  deinit {
    for index in 0..<count { rd_kafka_message_destroy(messages[index]) }
    messages.deallocate()
  }

  /// What one read gave.
  struct Content {
    var records: [ConsumedRecord] = []
    /// The same records by partition and offsets. Two that follow each other may be of one partition when its log goes back.
    var runs: [PartitionTable.Run] = []
    /// Messages taken, records or not, and the bytes of the records' keys and values.
    var read = 0
    var bytes = 0
    /// What librdkafka reported in between.
    var errors: [EventBusError] = []
    /// Partitions whose end was reached, and where they go on.
    var ends: [(partition: TopicPartition, next: Int64)] = []
  }

  var isRead: Bool { next == count }

  func discard(_ partitions: some Sequence<TopicPartition>) { discarded.formUnion(partitions) }

  /// Reads on until `limit` is reached. The first record is always taken: a limit smaller than a record must not stop its reader.
  func read(_ limit: PollLimit, _ names: inout TopicNames) -> Content {
    var content = Content()
    content.records.reserveCapacity(min(count - next, limit.records))
    let first = next
    var source: TopicPartition?
    var topic: OpaquePointer?
    var isDiscarded = false
    var startsRun = true
    while next < count, content.records.count < limit.records {
      guard let message = messages[next] else { break }
      guard message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
        if message.pointee.err == RD_KAFKA_RESP_ERR__PARTITION_EOF {
          let place = TopicPartition(names.name(message.pointee.rkt), message.pointee.partition)
          if !discarded.contains(place) { content.ends.append((place, message.pointee.offset)) }
        } else {
          content.errors.append(error(message))
        }
        next += 1
        continue
      }
      // Records of one partition follow each other: its name is looked up once.
      if source == nil || topic != message.pointee.rkt || source?.partition != message.pointee.partition {
        topic = message.pointee.rkt
        let found = TopicPartition(names.name(message.pointee.rkt), message.pointee.partition)
        source = found
        isDiscarded = discarded.contains(found)
        startsRun = true
      }
      if let source, !isDiscarded {
        let size = message.pointee.len + message.pointee.key_len
        guard content.bytes + size <= limit.bytes || content.records.isEmpty else { break }
        content.bytes += size
        content.records.append(record(message, source))
        let offset = message.pointee.offset
        let last = content.runs.count - 1
        if startsRun || offset <= content.runs[last].last {
          content.runs.append(PartitionTable.Run(partition: source, first: offset, last: offset))
          startsRun = false
        } else {
          content.runs[last].extend(to: offset)
        }
      }
      next += 1
    }
    content.read = next - first
    return content
  }

  private func record(_ message: UnsafeMutablePointer<rd_kafka_message_t>, _ source: TopicPartition) -> ConsumedRecord {
    var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
    let milliseconds = rd_kafka_message_timestamp(message, &kind)
    return ConsumedRecord(
      source: source, offset: message.pointee.offset,
      key: bytes(message.pointee.key, message.pointee.key_len),
      value: bytes(message.pointee.payload, message.pointee.len), headers: headers(message),
      timestamp: MessageBatch.timestamp(milliseconds, kind))
  }

  /// The producer's or the broker's time of a record. A producer may write any 64-bit number: times that microseconds cannot hold
  /// become the nearest ones that they can.
  static func timestamp(_ milliseconds: Int64, _ kind: rd_kafka_timestamp_type_t) -> Timestamp? {
    kind == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? nil : Timestamp(milliseconds: milliseconds)
  }

  private func bytes(_ pointer: UnsafeRawPointer?, _ count: Int) -> Bytes? {
    pointer.map { Bytes(viewing: UnsafeRawBufferPointer(start: $0, count: count), owner: self) }
  }

  private func headers(_ message: UnsafeMutablePointer<rd_kafka_message_t>) -> [RecordHeader] {
    var list: OpaquePointer?
    guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else { return [] }
    return (0..<rd_kafka_header_cnt(list)).compactMap { index in
      var name: UnsafePointer<CChar>?
      var value: UnsafeRawPointer?
      var size = 0
      guard rd_kafka_header_get_all(list, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR, let name else { return nil }
      return RecordHeader(String(cString: name), bytes(value, size))
    }
  }

  private func error(_ message: UnsafeMutablePointer<rd_kafka_message_t>) -> EventBusError {
    let code = message.pointee.err
    let text = message.pointee.payload.map {
      String(decoding: UnsafeRawBufferPointer(start: $0, count: message.pointee.len), as: UTF8.self)
    }
    return EventBusError(kafka: code, text)
  }
}

/// Names of topics by librdkafka's handle, so that a name is made into a String once.
struct TopicNames {
  private static let namesMax = 1024

  private var names: [OpaquePointer: String] = [:]

  mutating func name(_ topic: OpaquePointer?) -> String {
    guard let topic else { return "" }
    if let known = names[topic] { return known }
    let name = String(cString: rd_kafka_topic_name(topic))
    // Handles come and go with topics; the few there are never reach this.
    if names.count >= TopicNames.namesMax { names.removeAll() }
    names[topic] = name
    return name
  }
}
