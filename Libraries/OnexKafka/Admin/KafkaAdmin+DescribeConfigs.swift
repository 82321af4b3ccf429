import CRdKafka
import OnexCore

extension KafkaAdmin {
  /// The settings of topics with their sources, all topics in one request (beyond `KafkaBounds.adminTopicsMax`, in a few).
  ///
  /// - Returns: by topic. One that does not exist, or that this user may not look at, has its error; the others are not affected.
  public func settings(
    ofTopics names: [String]
  ) async throws(EventBusError) -> [String: Result<[KafkaSetting], EventBusError>] {
    let timeoutMS = timeoutMS
    return try await call("kafka-describe") { client throws(EventBusError) in
      try AdminRequest.describe(client, timeoutMS).settings(ofTopics: names)
    }
  }

  /// The settings of one broker; of any when none is named. What a broker does not tell is not in the list.
  public func brokerSettings() async throws(EventBusError) -> [KafkaSetting] {
    let timeoutMS = timeoutMS
    return try await call("kafka-describe") { client throws(EventBusError) in
      let brokers = try KafkaMetadata.brokers(client, timeoutMS: timeoutMS)
      guard let broker = brokers.first else {
        throw EventBusError(.unreachable, "the cluster names no broker", isRetriable: true)
      }
      let request = AdminRequest.describe(client, timeoutMS)
      let answers = try request.settings(RD_KAFKA_RESOURCE_BROKER, [String(broker)])
      return try answers.first?.1.get() ?? []
    }
  }
}

extension AdminRequest {
  static func describe(_ client: KafkaClient, _ timeoutMS: Int32) -> AdminRequest {
    AdminRequest(
      client: client, name: "describe settings", operation: RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeoutMS: timeoutMS)
  }

  func settings(ofTopics names: [String]) throws(EventBusError) -> [String: Result<[KafkaSetting], EventBusError>] {
    var all: [String: Result<[KafkaSetting], EventBusError>] = [:]
    for start in stride(from: 0, to: names.count, by: KafkaBounds.adminTopicsMax) {
      let batch = names[start..<min(start + KafkaBounds.adminTopicsMax, names.count)]
      for (name, result) in try settings(RD_KAFKA_RESOURCE_TOPIC, Array(batch)) { all[name] = result }
    }
    return all
  }

  fileprivate func settings(
    _ kind: rd_kafka_ResourceType_t, _ names: [String]
  ) throws(EventBusError) -> [(String, Result<[KafkaSetting], EventBusError>)] {
    var handles: [OpaquePointer?] = names.map { rd_kafka_ConfigResource_new(kind, $0) }
    defer { for handle in handles { rd_kafka_ConfigResource_destroy(handle) } }
    return try ask { options, queue in
      rd_kafka_DescribeConfigs(client.handle, &handles, handles.count, options, queue)
    } read: { event in
      var count = 0
      let resources = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count)
      return (0..<count).compactMap { index in
        guard let resource = resources?[index] else { return nil }
        let name = String(cString: rd_kafka_ConfigResource_name(resource))
        if let error = AdminRequest.error(of: resource) { return (name, .failure(error)) }
        return (name, .success(AdminRequest.settings(of: resource)))
      }
    }
  }

  /// What the broker says of one topic or broker; `nil` when it did as it was asked.
  static func error(of resource: OpaquePointer) -> EventBusError? {
    let code = rd_kafka_ConfigResource_error(resource)
    guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
    return EventBusError(kafka: code, rd_kafka_ConfigResource_error_string(resource).map { String(cString: $0) })
  }

  private static func settings(of resource: OpaquePointer) -> [KafkaSetting] {
    var count = 0
    let entries = rd_kafka_ConfigResource_configs(resource, &count)
    return (0..<count).compactMap { index in
      guard let entry = entries?[index] else { return nil }
      return KafkaSetting(
        String(cString: rd_kafka_ConfigEntry_name(entry)), rd_kafka_ConfigEntry_value(entry).map { String(cString: $0) },
        source: source(of: entry), isReadOnly: rd_kafka_ConfigEntry_is_read_only(entry) == 1,
        isSensitive: rd_kafka_ConfigEntry_is_sensitive(entry) == 1)
    }
  }

  private static func source(of entry: OpaquePointer) -> KafkaSetting.Source {
    switch rd_kafka_ConfigEntry_source(entry) {
    case RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG: .topic
    case RD_KAFKA_CONFIG_SOURCE_DYNAMIC_BROKER_CONFIG, RD_KAFKA_CONFIG_SOURCE_DYNAMIC_DEFAULT_BROKER_CONFIG,
      RD_KAFKA_CONFIG_SOURCE_STATIC_BROKER_CONFIG:
      .broker
    case RD_KAFKA_CONFIG_SOURCE_DEFAULT_CONFIG: .standard
    default: rd_kafka_ConfigEntry_is_default(entry) == 1 ? .standard : .unknown
    }
  }
}
