import CRdKafka
import OnexCore
import Synchronization

/// An idempotent producer whose delivery reports are awaited by the batch.
public final class KafkaProducer: EventProducer {
  private struct Batch {
    let delivery: Delivery
    let records: [OutboundRecord]
  }

  private struct Work {
    var batches: [Batch] = []
    var isClosed = false
  }

  private let client: KafkaClient
  private let work = ThreadMailbox(Work())
  private let isStopping = Atomic<Bool>(false)

  init(_ connection: KafkaConnection, logger: Logger) throws(EventBusError) {
    let configuration = try KafkaConfiguration(
      connection,
      [
        ("enable.idempotence", "true"),
        ("acks", "all"),
        ("partitioner", "murmur2_random"),
        ("linger.ms", String(KafkaBounds.lingerMS)),
        ("batch.num.messages", "10000"),
        ("message.max.bytes", String(KafkaBounds.recordBytesMax)),
        ("queue.buffering.max.messages", String(KafkaBounds.producerQueueRecords)),
        ("queue.buffering.max.kbytes", String(KafkaBounds.producerQueueKiB)),
        ("delivery.timeout.ms", String(KafkaBounds.deliveryTimeoutMS)),
        ("retry.backoff.ms", "50"),
      ])
    let callbacks = ClientCallbacks(logger: logger)
    ClientCallbacks.install(on: configuration.handle)
    rd_kafka_conf_set_dr_msg_cb(configuration.handle) { _, message, _ in
      guard let message, let slot = message.pointee._private else { return }
      Delivery.report(slot, message.pointee.err)
    }
    client = try KafkaClient(RD_KAFKA_PRODUCER, configuration, opaque: callbacks.retainedOpaque)
    AdapterThread.start("kafka-reports") { [self] in serveReports() }
    AdapterThread.start("kafka-produce") { [self] in produce() }
  }

  public func publish(_ records: [OutboundRecord]) async -> [PublishFailure] {
    guard !records.isEmpty else { return [] }
    return await withCheckedContinuation { continuation in
      let delivery = Delivery(count: records.count, continuation)
      let isOpen = work.update { work in
        if !work.isClosed { work.batches.append(Batch(delivery: delivery, records: records)) }
        return !work.isClosed
      }
      if !isOpen { delivery.refuseAll(EventBusError(.closed, "the producer is closed")) }
    }
  }

  public func close(timeout: Duration) async {
    let isFirst = work.update { work in
      defer { work.isClosed = true }
      return !work.isClosed
    }
    guard isFirst else { return }
    let client = client
    let milliseconds = Int32(clamping: timeout.microseconds / 1000)
    await AdapterThread.call("kafka-flush") {
      rd_kafka_flush(client.handle, milliseconds)
      // What is left is reported as failed rather than left hanging.
      rd_kafka_purge(client.handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
      rd_kafka_flush(client.handle, 1000)
    }
    isStopping.store(true, ordering: .releasing)
  }

  /// Delivery reports arrive on this thread alone.
  private func serveReports() {
    while !isStopping.load(ordering: .acquiring) { rd_kafka_poll(client.handle, 100) }
  }

  private func produce() {
    var topics = TopicHandles(client)
    while let batch = nextBatch() {
      for (index, record) in batch.records.enumerated() {
        send(record, batch.delivery, index, &topics)
      }
    }
  }

  private func nextBatch() -> Batch? {
    work.wait { work -> Batch?? in
      if !work.batches.isEmpty { return .some(work.batches.removeFirst()) }
      return work.isClosed ? .some(nil) : nil
    }
  }

  private func send(_ record: OutboundRecord, _ delivery: Delivery, _ index: Int, _ topics: inout TopicHandles) {
    guard let topic = topics.handle(record.topic) else {
      delivery.finish(index, EventBusError(kafka: rd_kafka_last_error(), record.topic))
      return
    }
    let slot = delivery.slot(index)
    var code = write(record, topic, slot)
    // The queue is bounded: wait here, on this thread, until reports make room.
    while code == RD_KAFKA_RESP_ERR__QUEUE_FULL {
      rd_kafka_flush(client.handle, 5)
      code = write(record, topic, slot)
    }
    if code != RD_KAFKA_RESP_ERR_NO_ERROR { delivery.finish(index, EventBusError(kafka: code, record.topic)) }
  }

  private func write(_ record: OutboundRecord, _ topic: OpaquePointer, _ slot: UnsafeMutableRawPointer) -> rd_kafka_resp_err_t {
    let headers = KafkaProducer.headers(record.headers)
    let code = (record.key ?? .empty).withUnsafeBytes { key in
      (record.value ?? .empty).withUnsafeBytes { value in
        onex_kafka_produce(
          client.handle, topic, record.partition ?? RD_KAFKA_PARTITION_UA,
          // Empty is not null: librdkafka tells them apart by the pointer.
          record.key == nil ? nil : key.baseAddress ?? KafkaProducer.nothing, key.count,
          record.value == nil ? nil : value.baseAddress ?? KafkaProducer.nothing, value.count, headers, slot)
      }
    }
    if code != RD_KAFKA_RESP_ERR_NO_ERROR, let headers { rd_kafka_headers_destroy(headers) }
    return code
  }

  /// The address of no bytes.
  private nonisolated(unsafe) static let nothing = UnsafeRawPointer(UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1))

  private static func headers(_ headers: [RecordHeader]) -> OpaquePointer? {
    guard !headers.isEmpty else { return nil }
    let list = rd_kafka_headers_new(headers.count)
    for header in headers {
      (header.value ?? .empty).withUnsafeBytes { value in
        let start = header.value == nil ? nil : value.baseAddress ?? nothing
        _ = rd_kafka_header_add(list, header.name, -1, start, value.count)
      }
    }
    return list
  }
}

/// librdkafka's handles of topics by name, made once for each.
private struct TopicHandles: ~Copyable {
  private let client: KafkaClient
  private var handles: [String: OpaquePointer] = [:]

  init(_ client: KafkaClient) { self.client = client }

  deinit { for handle in handles.values { rd_kafka_topic_destroy(handle) } }

  mutating func handle(_ topic: String) -> OpaquePointer? {
    if let known = handles[topic] { return known }
    let made = rd_kafka_topic_new(client.handle, topic, nil)
    if let made { handles[topic] = made }
    return made
  }
}
