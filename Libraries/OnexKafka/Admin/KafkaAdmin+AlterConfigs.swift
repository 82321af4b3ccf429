import CRdKafka
import OnexCore

extension KafkaAdmin {
  /// Sets the named settings of each topic and leaves every other setting as it is.
  ///
  /// With librdkafka below 2.2 this is describe, merge and alter: a setting that somebody else changes between the first and the
  /// last of these three is put back to what it was.
  ///
  /// - Parameter wishes: a topic is named once.
  /// - Returns: one outcome for each, in the given order; `nil` when it is set.
  public func alter(_ wishes: [(topic: String, settings: [String: String])]) async -> [EventBusError?] {
    let (client, timeoutMS) = (client, timeoutMS)
    guard !wishes.isEmpty else { return [] }
    return await AdapterThread.call("kafka-alter") {
      let request = AdminRequest(
        client: client, name: "alter settings", operation: onex_kafka_alter_operation(), timeoutMS: timeoutMS)
      return AdminRequest.each(wishes) { batch throws(EventBusError) in
        guard onex_kafka_alters_incrementally() == 0 else { return try request.alter(Array(batch)) }
        return try request.merge(Array(batch), AdminRequest.describe(client, timeoutMS))
      }
    }
  }
}

extension AdminRequest {
  /// A topic whose settings cannot be read, or cannot be told again, fails alone.
  fileprivate func merge(
    _ wishes: [(topic: String, settings: [String: String])], _ describe: AdminRequest
  ) throws(EventBusError) -> [EventBusError?] {
    let current = try describe.settings(ofTopics: wishes.map(\.topic))
    var outcomes = [EventBusError?](repeating: nil, count: wishes.count)
    var asked: [(index: Int, wish: (topic: String, settings: [String: String]))] = []
    for (index, wish) in wishes.enumerated() {
      do throws(EventBusError) {
        let known = try current[wish.topic]?.get() ?? []
        asked.append((index, (wish.topic, try WholeSettings.merged(known, with: wish.settings, topic: wish.topic))))
      } catch {
        outcomes[index] = error
      }
    }
    guard !asked.isEmpty else { return outcomes }
    for ((index, _), outcome) in zip(asked, try alter(asked.map(\.wish))) { outcomes[index] = outcome }
    return outcomes
  }

  fileprivate func alter(_ wishes: [(topic: String, settings: [String: String])]) throws(EventBusError) -> [EventBusError?] {
    var handles: [OpaquePointer?] = wishes.map { wish in
      let handle = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, wish.topic)
      for (name, value) in wish.settings.sorted(by: { $0.key < $1.key }) { onex_kafka_set_config(handle, name, value) }
      return handle
    }
    defer { for handle in handles { rd_kafka_ConfigResource_destroy(handle) } }
    let answers: [(String, EventBusError?)] = try ask { options, queue in
      onex_kafka_alter_configs(client.handle, &handles, handles.count, options, queue)
    } read: { event in
      var count = 0
      let resources = onex_kafka_altered(event, &count)
      return (0..<count).compactMap { index in
        guard let resource = resources?[index] else { return nil }
        return (String(cString: rd_kafka_ConfigResource_name(resource)), AdminRequest.error(of: resource))
      }
    }
    let byTopic = Dictionary(answers) { first, _ in first }
    return wishes.map { wish in byTopic[wish.topic] ?? EventBusError(.other, "the broker did not answer for this topic") }
  }
}
