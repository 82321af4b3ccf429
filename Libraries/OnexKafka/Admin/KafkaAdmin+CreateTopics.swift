import CRdKafka
import OnexCore

extension KafkaAdmin {
  public enum Creation: Sendable, Equatable {
    case created
    case alreadyExists
    case failed(EventBusError)
  }

  /// Makes topics in one request.
  ///
  /// - Returns: one result for each, in the given order. Some may fail while others are made.
  public func create(_ topics: [TopicSpecification]) async -> [Creation] {
    let (client, timeoutMS) = (client, timeoutMS)
    guard !topics.isEmpty else { return [] }
    return await AdapterThread.call("kafka-create") {
      let request = AdminRequest(
        client: client, name: "create topics", operation: RD_KAFKA_ADMIN_OP_CREATETOPICS, timeoutMS: timeoutMS)
      return AdminRequest.each(topics) { batch throws(EventBusError) in try request.create(Array(batch)) }.map(
        KafkaAdmin.creation)
    }
  }

  private static func creation(_ error: EventBusError?) -> Creation {
    guard let error else { return .created }
    return error.code == .topicExists ? .alreadyExists : .failed(error)
  }
}

extension AdminRequest {
  /// A specification that librdkafka itself refuses fails alone.
  fileprivate func create(_ topics: [TopicSpecification]) throws(EventBusError) -> [EventBusError?] {
    var handles: [OpaquePointer?] = []
    defer { for handle in handles { rd_kafka_NewTopic_destroy(handle) } }
    var outcomes = [EventBusError?](repeating: nil, count: topics.count)
    var asked: [Int] = []
    for (index, topic) in topics.enumerated() {
      var text = [CChar](repeating: 0, count: 256)
      guard let handle = rd_kafka_NewTopic_new(topic.name, topic.partitions, topic.replicationFactor, &text, text.count) else {
        outcomes[index] = EventBusError(.configuration, "\(topic.name): \(KafkaClient.string(text))")
        continue
      }
      for (name, value) in topic.configuration.sorted(by: { $0.key < $1.key }) {
        rd_kafka_NewTopic_set_config(handle, name, value)
      }
      handles.append(handle)
      asked.append(index)
    }
    guard !asked.isEmpty else { return outcomes }
    let answers = try ask { options, queue in
      rd_kafka_CreateTopics(client.handle, &handles, handles.count, options, queue)
    } read: { event in
      var count = 0
      let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
      return (0..<count).map { AdminRequest.error(results?[$0]) }
    }
    for (index, answer) in zip(asked, answers) { outcomes[index] = answer }
    return outcomes
  }
}
