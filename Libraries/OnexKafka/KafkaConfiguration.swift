import CRdKafka
import OnexCore

/// A librdkafka configuration that is being put together.
struct KafkaConfiguration: ~Copyable {
  /// Handed over to the client that is made from it.
  let handle: OpaquePointer

  init(_ connection: KafkaConnection, _ settings: [(String, String)]) throws(EventBusError) {
    handle = rd_kafka_conf_new()
    var all = [
      ("bootstrap.servers", connection.bootstrapServers.joined(separator: ",")),
      ("client.id", connection.clientID),
      ("security.protocol", connection.securityProtocol),
      // A typo must never make a topic.
      ("allow.auto.create.topics", "false"),
      ("socket.nagle.disable", "true"),
      ("socket.keepalive.enable", "true"),
      ("reconnect.backoff.ms", "50"),
      ("reconnect.backoff.max.ms", "2000"),
      // A new topic, or a new leader, is looked for at once and not at the next regular refresh.
      ("topic.metadata.refresh.fast.interval.ms", "100"),
      // A topic that a subscription names and that does not exist yet is found within this time of being made.
      ("topic.metadata.refresh.interval.ms", "10000"),
      ("topic.metadata.propagation.max.ms", "5000"),
      ("log_level", "4"),
    ]
    let optional = [
      ("sasl.mechanism", connection.saslMechanism), ("sasl.username", connection.saslUsername),
      ("sasl.password", connection.saslPassword), ("ssl.ca.location", connection.sslCALocation),
    ]
    all += optional.compactMap { name, value in value.map { (name, $0) } }
    all += settings + connection.overrides.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    for (name, value) in all { try set(name, value) }
  }

  /// For clients that read.
  static let fetching = [
    ("enable.auto.offset.store", "false"),
    ("queued.max.messages.kbytes", String(KafkaBounds.consumerQueueKiB)),
    ("queued.min.messages", String(KafkaBounds.consumerQueueRecords)),
    ("fetch.message.max.bytes", String(KafkaBounds.fetchBytesMax)),
    ("fetch.max.bytes", String(KafkaBounds.recordBytesMax)),
    ("receive.message.max.bytes", String(KafkaBounds.responseBytesMax)),
    ("fetch.error.backoff.ms", "100"),
  ]

  private func set(_ name: String, _ value: String) throws(EventBusError) {
    var text = [CChar](repeating: 0, count: 256)
    guard rd_kafka_conf_set(handle, name, value, &text, text.count) == RD_KAFKA_CONF_OK else {
      // librdkafka's text repeats the value, which may be the password.
      rd_kafka_conf_destroy(handle)
      throw EventBusError(.configuration, "librdkafka refuses the value of \(name)")
    }
  }
}
