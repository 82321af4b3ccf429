import CRdKafka
import OnexCore

/// The messages of one poll. The records made of them point into their memory; with the last record the messages go.
final class MessageBatch: @unchecked Sendable {
  /// Messages that one call to librdkafka returns at most.
  static let sizeMax = 4096

  private let client: KafkaClient
  private let messages: UnsafeMutablePointer<UnsafeMutablePointer<rd_kafka_message_t>?>
  private let count: Int

  /// Takes the messages over.
  init(_ source: UnsafeMutablePointer<UnsafeMutablePointer<rd_kafka_message_t>?>, count: Int, client: KafkaClient) {
    self.client = client
    self.count = count
    messages = .allocate(capacity: count)
    messages.update(from: source, count: count)
  }

  deinit {
    for index in 0..<count { rd_kafka_message_destroy(messages[index]) }
    messages.deallocate()
  }

  /// The records, and what librdkafka reported in between.
  func read(_ names: inout TopicNames) -> (records: [ConsumedRecord], errors: [EventBusError]) {
    var records: [ConsumedRecord] = []
    records.reserveCapacity(count)
    var errors: [EventBusError] = []
    var source: TopicPartition?
    var topic: OpaquePointer?
    for index in 0..<count {
      guard let message = messages[index] else { continue }
      guard message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
        if let error = error(message) { errors.append(error) }
        continue
      }
      // Records of one partition follow each other: its name is looked up once.
      if source == nil || topic != message.pointee.rkt || source?.partition != message.pointee.partition {
        topic = message.pointee.rkt
        source = TopicPartition(names.name(message.pointee.rkt), message.pointee.partition)
      }
      if let source { records.append(record(message, source)) }
    }
    return (records, errors)
  }

  private func record(_ message: UnsafeMutablePointer<rd_kafka_message_t>, _ source: TopicPartition) -> ConsumedRecord {
    var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
    let milliseconds = rd_kafka_message_timestamp(message, &kind)
    return ConsumedRecord(
      source: source, offset: message.pointee.offset,
      key: bytes(message.pointee.key, message.pointee.key_len),
      value: bytes(message.pointee.payload, message.pointee.len), headers: headers(message),
      timestamp: kind == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? nil : Timestamp(milliseconds: milliseconds))
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

  /// `nil` for what is no fault: the end of a partition.
  private func error(_ message: UnsafeMutablePointer<rd_kafka_message_t>) -> EventBusError? {
    let code = message.pointee.err
    guard code != RD_KAFKA_RESP_ERR__PARTITION_EOF else { return nil }
    let text = message.pointee.payload.map { String(decoding: UnsafeRawBufferPointer(start: $0, count: message.pointee.len), as: UTF8.self) }
    return EventBusError(kafka: code, text)
  }
}

/// Names of topics by librdkafka's handle, so that a name is made into a String once.
struct TopicNames {
  private var names: [OpaquePointer: String] = [:]

  mutating func name(_ topic: OpaquePointer?) -> String {
    guard let topic else { return "" }
    if let known = names[topic] { return known }
    let name = String(cString: rd_kafka_topic_name(topic))
    // Handles come and go with topics; the few there are never reach this.
    if names.count >= 1024 { names.removeAll() }
    names[topic] = name
    return name
  }
}
