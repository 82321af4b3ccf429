import CRdKafka
import OnexCore

/// A librdkafka client. Records that were read point into its memory, so it lives until the last of them is gone.
final class KafkaClient: @unchecked Sendable {
  let handle: OpaquePointer
  let callbacks: ClientCallbacks

  init(
    _ type: rd_kafka_type_t, _ configuration: consuming KafkaConfiguration, _ callbacks: ClientCallbacks
  ) throws(EventBusError) {
    self.callbacks = callbacks
    // A client may call back until it is destroyed, which is after this object is gone.
    let opaque = Unmanaged.passRetained(callbacks)
    rd_kafka_conf_set_opaque(configuration.handle, opaque.toOpaque())
    var text = [CChar](repeating: 0, count: 512)
    guard let handle = rd_kafka_new(type, configuration.handle, &text, text.count) else {
      rd_kafka_conf_destroy(configuration.handle)
      opaque.release()
      throw EventBusError(.configuration, KafkaClient.string(text))
    }
    self.handle = handle
  }

  deinit {
    // It has left its group; what is left of it is some memory and idle threads, which the process can afford.
    guard callbacks.isDestructible else { return }
    // Joins librdkafka's threads, which may take a moment: never on the task that happened to hold the last reference.
    nonisolated(unsafe) let handle = handle
    let opaque = Unmanaged.passUnretained(callbacks)
    AdapterThread.start("kafka-destroy") {
      rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
      opaque.release()
    }
  }

  static func string(_ text: [CChar]) -> String {
    String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Whether a broker answers; blocks.
  ///
  /// - Parameter topic: what to ask about, which need not exist: asked about nothing, librdkafka asks about every topic there is.
  func isReachable(askingAbout topic: String, timeoutMS: Int32) -> rd_kafka_resp_err_t {
    let topic = rd_kafka_topic_new(handle, topic, nil)
    defer { if let topic { rd_kafka_topic_destroy(topic) } }
    var metadata: UnsafePointer<rd_kafka_metadata>?
    let error = rd_kafka_metadata(handle, 0, topic, &metadata, timeoutMS)
    if let metadata { rd_kafka_metadata_destroy(metadata) }
    return error
  }

  /// Marks offsets in memory; librdkafka's timer commits them.
  ///
  /// - Returns: what is wrong with the first partition that is refused.
  func store(_ offsets: borrowing PartitionList) -> EventBusError? {
    let code = offsets.withHandle { rd_kafka_offsets_store(handle, $0) }
    return offsets.firstError ?? (code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : EventBusError(kafka: code, "store offsets"))
  }

  /// Commits what is stored and waits for the broker's answer, within a bound; blocks.
  func commitStored() -> EventBusError? {
    let replies = rd_kafka_queue_new(handle)
    defer { rd_kafka_queue_destroy(replies) }
    let code = rd_kafka_commit_queue(handle, nil, replies, nil, nil)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { return KafkaClient.commitError(code) }
    guard let event = rd_kafka_queue_poll(replies, KafkaBounds.commitTimeoutMS) else {
      return EventBusError(.timedOut, "the broker did not answer a commit in time", isRetriable: true)
    }
    defer { rd_kafka_event_destroy(event) }
    return KafkaClient.commitError(rd_kafka_event_error(event))
  }

  /// The offsets at which logs begin or end now; one round trip for all of them. Blocks.
  ///
  /// - Returns: those of partitions whose leaders have answered in time.
  func offsets(of partitions: [TopicPartition], at place: LogPlace, timeoutMS: Int32) -> [TopicPartition: Int64] {
    // The offset field carries the time to look for, and takes the answer.
    let list = PartitionList(Dictionary(partitions.map { ($0, place.rawValue) }) { first, _ in first })
    let code = list.withHandle { rd_kafka_offsets_for_times(handle, $0, timeoutMS) }
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { return [:] }
    return list.entries.reduce(into: [:]) { found, entry in
      if entry.code == RD_KAFKA_RESP_ERR_NO_ERROR, entry.offset >= 0 { found[entry.partition] = entry.offset }
    }
  }

  /// Wakes the threads that fetch what this client reads, by a question to each of their brokers. Does not wait for the answers.
  func promptFetching() {
    var assignment: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?
    guard rd_kafka_assignment(handle, &assignment) == RD_KAFKA_RESP_ERR_NO_ERROR, let assignment else { return }
    defer { rd_kafka_topic_partition_list_destroy(assignment) }
    for index in 0..<Int(assignment.pointee.cnt) { assignment.pointee.elems[index].offset = LogPlace.end.rawValue }
    rd_kafka_offsets_for_times(handle, assignment, 0)
  }

  /// The group's committed offsets; `nil` for a partition that has none. Blocks.
  ///
  /// - Returns: what the coordinator has answered in time; empty when it has not.
  func committed(of partitions: [TopicPartition], timeoutMS: Int32) -> [TopicPartition: Int64?] {
    let list = PartitionList(partitions)
    let code = list.withHandle { rd_kafka_committed(handle, $0, timeoutMS) }
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { return [:] }
    return list.entries.reduce(into: [:]) { found, entry in
      guard entry.code == RD_KAFKA_RESP_ERR_NO_ERROR else { return }
      found.updateValue(entry.offset >= 0 ? entry.offset : nil, forKey: entry.partition)
    }
  }

  /// Times that stand for an end of a log (Kafka protocol, ListOffsets).
  enum LogPlace: Int64 {
    case beginning = -2
    case end = -1
  }

  private static func commitError(_ code: rd_kafka_resp_err_t) -> EventBusError? {
    switch code {
    // Nothing was stored since the last commit.
    case RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR__NO_OFFSET: nil
    default: EventBusError(kafka: code, "commit")
    }
  }

  /// Commits what is stored, leaves the group and stops reading, within a bound; blocks.
  func closeConsumer() {
    callbacks.state.withLock { $0.isClosing = true }
    let events = rd_kafka_queue_new(handle)
    defer { rd_kafka_queue_destroy(events) }
    if let error = rd_kafka_consumer_close_queue(handle, events) {
      rd_kafka_error_destroy(error)
      return
    }
    let clock = SystemClock()
    let deadline = clock.uptime() + .milliseconds(Int64(KafkaBounds.closeTimeoutMS))
    var message: UnsafeMutablePointer<rd_kafka_message_t>?
    while rd_kafka_consumer_closed(handle) == 0, clock.uptime() < deadline {
      if rd_kafka_consume_batch_queue(events, 5, &message, 1) == 1 { rd_kafka_message_destroy(message) }
    }
  }
}
