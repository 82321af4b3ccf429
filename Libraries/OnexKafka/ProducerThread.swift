import CRdKafka
import OnexCore
import Synchronization

/// Hands records to librdkafka, and serves its delivery reports on a thread.
///
/// Records go into librdkafka's queue on the publishing task: that only copies them. When the queue is full, what is left waits
/// here and follows on the thread as reports make room; what is published later waits behind it, so that the order holds.
final class ProducerThread: @unchecked Sendable {
  private struct Waiting {
    let records: [OutboundRecord]
    let delivery: Delivery
    var next: Int
  }

  private struct State {
    var topics: [String: OpaquePointer] = [:]
    /// In the order of the calls. Each is a publish that somebody awaits.
    var waiting: [Waiting] = []
    var closeDeadline: Duration?
    var closers: [CheckedContinuation<Void, Never>] = []
    var isClosed = false
  }

  private static let clock = SystemClock()
  private static let pollMS: Int32 = 100
  /// How long purged records may take to be reported.
  private static let purgeMax: Duration = .seconds(1)

  private let client: KafkaClient
  private let reports: OpaquePointer
  private let state = Mutex(State())

  init(_ client: KafkaClient) {
    self.client = client
    reports = rd_kafka_queue_get_main(client.handle)
  }

  deinit { rd_kafka_queue_destroy(reports) }

  func start() {
    AdapterThread.start("kafka-producer") { [self] in run() }
  }

  // MARK: - What tasks ask for

  func send(_ records: [OutboundRecord], _ delivery: Delivery) {
    let isOpen = state.withLock { state in
      guard state.closeDeadline == nil else { return false }
      var batch = Waiting(records: records, delivery: delivery, next: 0)
      let isDone = state.waiting.isEmpty && hand(&batch, &state.topics)
      if !isDone { state.waiting.append(batch) }
      return true
    }
    if !isOpen { delivery.refuse(from: 0, EventBusError(.closed, "the producer is closed")) }
  }

  func beginClosing(timeout: Duration) {
    state.withLock { state in
      guard state.closeDeadline == nil else { return }
      state.closeDeadline = ProducerThread.clock.uptime() + timeout
    }
    rd_kafka_queue_yield(reports)
  }

  func close(timeout: Duration) async {
    beginClosing(timeout: timeout)
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        if !state.isClosed { state.closers.append(continuation) }
        return state.isClosed
      }
      if isOver { continuation.resume() }
    }
  }

  // MARK: - The thread

  private func run() {
    while true {
      rd_kafka_poll(client.handle, ProducerThread.pollMS)
      let (isIdle, deadline) = state.withLock { state in
        handWaiting(&state)
        return (state.waiting.isEmpty, state.closeDeadline)
      }
      guard let deadline else { continue }
      if (isIdle && rd_kafka_outq_len(client.handle) == 0) || ProducerThread.clock.uptime() >= deadline { break }
    }
    purge()
    let closers = state.withLock { state in
      for handle in state.topics.values { rd_kafka_topic_destroy(handle) }
      state.topics = [:]
      state.isClosed = true
      defer { state.closers = [] }
      return state.closers
    }
    for closer in closers { closer.resume() }
  }

  /// Reports what is left as failed rather than leave its publishers hanging.
  private func purge() {
    let waiting = state.withLock { state in
      defer { state.waiting = [] }
      return state.waiting
    }
    let closed = EventBusError(.closed, "the producer was closed before the record was written", isRetriable: true)
    for batch in waiting { batch.delivery.refuse(from: batch.next, closed) }
    rd_kafka_purge(client.handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
    let deadline = ProducerThread.clock.uptime() + ProducerThread.purgeMax
    while rd_kafka_outq_len(client.handle) > 0, ProducerThread.clock.uptime() < deadline { rd_kafka_poll(client.handle, 10) }
  }

  private func handWaiting(_ state: inout State) {
    var done = 0
    while done < state.waiting.count, hand(&state.waiting[done], &state.topics) { done += 1 }
    state.waiting.removeFirst(done)
  }

  /// Hands records over until the queue is full.
  ///
  /// - Returns: whether all were.
  private func hand(_ batch: inout Waiting, _ topics: inout [String: OpaquePointer]) -> Bool {
    var name: String?
    var topic: OpaquePointer?
    while batch.next < batch.records.count {
      let record = batch.records[batch.next]
      if name != record.topic {
        name = record.topic
        topic = handle(record.topic, &topics)
      }
      let code = topic.map { write(record, $0, batch.delivery.slot(batch.next)) } ?? rd_kafka_last_error()
      if code == RD_KAFKA_RESP_ERR__QUEUE_FULL { return false }
      if code != RD_KAFKA_RESP_ERR_NO_ERROR { batch.delivery.finish(batch.next, EventBusError(kafka: code, record.topic)) }
      batch.next += 1
    }
    return true
  }

  /// librdkafka's handle of a topic, made once for each.
  private func handle(_ topic: String, _ topics: inout [String: OpaquePointer]) -> OpaquePointer? {
    if let known = topics[topic] { return known }
    let made = rd_kafka_topic_new(client.handle, topic, nil)
    if let made { topics[topic] = made }
    return made
  }

  private func write(_ record: OutboundRecord, _ topic: OpaquePointer, _ slot: UnsafeMutableRawPointer) -> rd_kafka_resp_err_t {
    let headers = ProducerThread.headers(record)
    let code = (record.key ?? .empty).withUnsafeBytes { key in
      (record.value ?? .empty).withUnsafeBytes { value in
        onex_kafka_produce(
          client.handle, topic, record.partition ?? RD_KAFKA_PARTITION_UA,
          // Empty is not null: librdkafka tells them apart by the pointer.
          record.key == nil ? nil : key.baseAddress ?? ProducerThread.nothing, key.count,
          record.value == nil ? nil : value.baseAddress ?? ProducerThread.nothing, value.count, headers, slot)
      }
    }
    if code != RD_KAFKA_RESP_ERR_NO_ERROR, let headers { rd_kafka_headers_destroy(headers) }
    return code
  }

  /// The address of no bytes.
  private nonisolated(unsafe) static let nothing = UnsafeRawPointer(UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1))

  private static func headers(_ record: OutboundRecord) -> OpaquePointer? {
    guard record.messageID != nil || !record.headers.isEmpty else { return nil }
    let list = rd_kafka_headers_new(record.headers.count + 1)
    if let id = record.messageID {
      withUnsafeTemporaryAllocation(byteCount: 36, alignment: 8) { text in
        id.uuid.writeASCII(to: text)
        _ = messageIDName.withUnsafeBufferPointer {
          rd_kafka_header_add(list, $0.baseAddress, $0.count - 1, text.baseAddress, 36)
        }
      }
    }
    for header in record.headers {
      (header.value ?? .empty).withUnsafeBytes { value in
        let start = header.value == nil ? nil : value.baseAddress ?? nothing
        _ = rd_kafka_header_add(list, header.name, -1, start, value.count)
      }
    }
    return list
  }

  private static let messageIDName = RecordHeader.messageID.utf8CString
}
