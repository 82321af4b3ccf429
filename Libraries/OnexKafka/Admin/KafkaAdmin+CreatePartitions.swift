import CRdKafka
import OnexCore

extension KafkaAdmin {
  /// Gives topics more partitions, in one request. Keys that hash to another partition from then on are the caller's concern.
  ///
  /// - Parameter wishes: how many partitions each topic is to have in total. A topic is named once.
  /// - Returns: one outcome for each, in the given order; `nil` when it has as many now.
  public func grow(_ wishes: [(topic: String, partitions: Int32)]) async -> [EventBusError?] {
    let (client, timeoutMS) = (client, timeoutMS)
    guard !wishes.isEmpty else { return [] }
    return await AdapterThread.call("kafka-grow") {
      let request = AdminRequest(
        client: client, name: "create partitions", operation: RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, timeoutMS: timeoutMS)
      return AdminRequest.each(wishes) { batch throws(EventBusError) in try request.grow(batch) }
    }
  }
}

extension AdminRequest {
  fileprivate func grow(_ wishes: ArraySlice<(topic: String, partitions: Int32)>) throws(EventBusError) -> [EventBusError?] {
    var text = [CChar](repeating: 0, count: 256)
    var handles: [OpaquePointer?] = wishes.map { wish in
      rd_kafka_NewPartitions_new(wish.topic, Int(wish.partitions), &text, text.count)
    }
    defer { for case let handle? in handles { rd_kafka_NewPartitions_destroy(handle) } }
    guard !handles.contains(nil) else { throw EventBusError(.configuration, KafkaClient.string(text)) }
    return try ask { options, queue in
      rd_kafka_CreatePartitions(client.handle, &handles, handles.count, options, queue)
    } read: { event in
      var count = 0
      let results = rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event), &count)
      return (0..<count).map { AdminRequest.error(results?[$0]) }
    }
  }
}
