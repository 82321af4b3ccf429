import CRdKafka
import OnexCore

extension KafkaAdmin {
  /// The consumer groups that the cluster's coordinators know. Those of a coordinator that does not answer are missing.
  public func groups() async throws(EventBusError) -> [String] {
    let timeoutMS = timeoutMS
    return try await call("kafka-groups") { client throws(EventBusError) in
      let request = AdminRequest(
        client: client, name: "list groups", operation: RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS, timeoutMS: timeoutMS)
      return try request.ask { options, queue in
        rd_kafka_ListConsumerGroups(client.handle, options, queue)
      } read: { event in
        var count = 0
        let groups = rd_kafka_ListConsumerGroups_result_valid(rd_kafka_event_ListConsumerGroups_result(event), &count)
        return (0..<count).compactMap { index in
          rd_kafka_ConsumerGroupListing_group_id(groups?[index]).map { String(cString: $0) }
        }.sorted()
      }
    }
  }

  /// What a group has committed of `partitions`; where it has committed nothing there is no entry.
  public func committedOffsets(
    of group: String, _ partitions: [TopicPartition]
  ) async throws(EventBusError) -> [TopicPartition: Int64] {
    guard !partitions.isEmpty else { return [:] }
    let timeoutMS = timeoutMS
    return try await call("kafka-offsets") { client throws(EventBusError) in
      let request = AdminRequest(
        client: client, name: "offsets of \(group)", operation: RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, timeoutMS: timeoutMS)
      var wish: OpaquePointer? = PartitionList(partitions).withHandle { rd_kafka_ListConsumerGroupOffsets_new(group, $0) }
      defer { rd_kafka_ListConsumerGroupOffsets_destroy(wish) }
      let answer: Result<[TopicPartition: Int64], EventBusError> = try request.ask { options, queue in
        rd_kafka_ListConsumerGroupOffsets(client.handle, &wish, 1, options, queue)
      } read: { event in
        var count = 0
        let result = rd_kafka_event_ListConsumerGroupOffsets_result(event)
        let groups = rd_kafka_ListConsumerGroupOffsets_result_groups(result, &count)
        guard count == 1, let answer = groups?[0] else { return .success([:]) }
        if let error = rd_kafka_group_result_error(answer) {
          return .failure(EventBusError(kafka: rd_kafka_error_code(error), "offsets of \(group)"))
        }
        return .success(KafkaAdmin.offsets(rd_kafka_group_result_partitions(answer)))
      }
      return try answer.get()
    }
  }

  private static func offsets(_ list: UnsafePointer<rd_kafka_topic_partition_list_t>?) -> [TopicPartition: Int64] {
    guard let list = list?.pointee else { return [:] }
    var offsets: [TopicPartition: Int64] = [:]
    for index in 0..<Int(list.cnt) {
      let element = list.elems[index]
      guard element.err == RD_KAFKA_RESP_ERR_NO_ERROR, element.offset >= 0 else { continue }
      offsets[TopicPartition(String(cString: element.topic), element.partition)] = element.offset
    }
    return offsets
  }
}
