import OnexCore
import OnexKafka

/// A cluster whose topics can be looked at and changed.
public protocol TopicCluster: Sendable {
  /// Every topic, with the settings of those that are named.
  func state(describing topics: Set<String>) async throws(EventBusError) -> ClusterState

  func create(_ topics: [TopicSpecification]) async -> [KafkaAdmin.Creation]
  func grow(_ wishes: [(topic: String, partitions: Int32)]) async -> [EventBusError?]
  /// Leaves every setting alone that is not named.
  func alter(_ wishes: [(topic: String, settings: [String: String])]) async -> [EventBusError?]
}

extension KafkaAdmin: TopicCluster {
  /// Three requests, however many topics there are.
  public func state(describing names: Set<String>) async throws(EventBusError) -> ClusterState {
    let found = try await topics()
    let asked = found.map(\.name).filter { names.contains($0) && !TopicPlan.isInternal($0) }
    let settings = try await settings(ofTopics: asked)
    let topics = found.map { topic in
      switch settings[topic.name] {
      case .success(let settings)?:
        let byName = Dictionary(settings.map { ($0.name, $0) }) { first, _ in first }
        return ClusterState.Topic(topic, .known(byName))
      case .failure(let error)?: return ClusterState.Topic(topic, .refused(error))
      case nil: return ClusterState.Topic(topic, .notAsked)
      }
    }
    // A user that may not look at brokers' settings can keep topics all the same.
    let broker = (try? await brokerSettings()) ?? []
    return ClusterState(
      topics: topics, implicitCreation: KafkaAdmin.implicitCreation(broker), brokerSettings: Set(broker.map(\.name)))
  }

  private static func implicitCreation(_ settings: [KafkaSetting]) -> ClusterState.ImplicitCreation {
    switch settings.first(where: { $0.name == "auto.create.topics.enable" || $0.name == "auto_create_topics_enabled" })?.value {
    case "true": return .enabled
    case "false": return .disabled
    default: return .unknown
    }
  }
}
