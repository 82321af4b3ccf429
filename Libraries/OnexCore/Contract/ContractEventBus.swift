/// The `event_bus` section: topics that a handler needs besides the runtime's own; the topic manager creates them.
public struct ContractEventBus: Sendable, Hashable {
  public let subscribeTopics: [TopicName]
  public let publishTopics: [TopicName]

  public init(subscribeTopics: [TopicName] = [], publishTopics: [TopicName] = []) {
    self.subscribeTopics = subscribeTopics
    self.publishTopics = publishTopics
  }
}
