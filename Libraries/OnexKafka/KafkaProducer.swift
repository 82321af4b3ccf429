import CRdKafka
import OnexCore

/// An idempotent producer whose delivery reports are awaited by the batch.
final class KafkaProducer: EventProducer {
  private let thread: ProducerThread

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
    thread = ProducerThread(try KafkaClient(RD_KAFKA_PRODUCER, configuration, callbacks))
    thread.start()
  }

  deinit { thread.beginClosing(timeout: .zero) }

  func send(_ records: [OutboundRecord]) -> Publication {
    guard !records.isEmpty else { return Publication(over: []) }
    let delivery = Delivery(count: records.count)
    thread.send(records, delivery)
    return delivery.publication
  }

  func close(timeout: Duration) async { await thread.close(timeout: timeout) }
}
