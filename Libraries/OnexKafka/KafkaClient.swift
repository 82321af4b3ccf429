import CRdKafka
import OnexCore

/// A librdkafka client. Records that were read point into its memory, so it lives until the last of them is gone.
final class KafkaClient: @unchecked Sendable {
  let handle: OpaquePointer

  /// - Parameter opaque: what callbacks get; must outlive the client's use.
  init(
    _ type: rd_kafka_type_t, _ configuration: consuming KafkaConfiguration, opaque: UnsafeMutableRawPointer?
  ) throws(EventBusError) {
    rd_kafka_conf_set_opaque(configuration.handle, opaque)
    var text = [CChar](repeating: 0, count: 512)
    guard let handle = rd_kafka_new(type, configuration.handle, &text, text.count) else {
      rd_kafka_conf_destroy(configuration.handle)
      throw EventBusError(.configuration, KafkaClient.string(text))
    }
    self.handle = handle
  }

  deinit {
    // Joins librdkafka's threads, which may take a moment: never on the task that happened to hold the last reference.
    nonisolated(unsafe) let handle = handle
    AdapterThread.start("kafka-destroy") { rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE) }
  }

  static func string(_ text: [CChar]) -> String {
    String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Whether a broker answers; blocks.
  func isReachable(timeoutMS: Int32) -> rd_kafka_resp_err_t {
    var metadata: UnsafePointer<rd_kafka_metadata>?
    let error = rd_kafka_metadata(handle, 0, nil, &metadata, timeoutMS)
    if let metadata { rd_kafka_metadata_destroy(metadata) }
    return error
  }
}
