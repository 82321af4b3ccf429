import OnexCore
import OnexKafka
import OnexTopics

/// A cluster that does what it is asked, but for what the test says: what no broker here can be brought to.
actor ScriptedCluster: TopicCluster {
  private(set) var state: ClusterState
  /// What it answers for a topic instead of doing what it is asked.
  var errors: [String: EventBusError] = [:]
  /// What somebody else does before the next change arrives.
  var others: [TopicChange] = []
  /// So many looks until a topic that was made has leaders.
  var looksUntilLeader = 0
  private(set) var requests = 0

  init(_ topics: [ClusterState.Topic] = [], implicitCreation: ClusterState.ImplicitCreation = .disabled) {
    state = ClusterState(topics: topics, implicitCreation: implicitCreation)
  }

  /// Settings that the brokers do not know: a topic with one of them is refused.
  var unknownSettings: Set<String> = []
  func doNotKnow(_ settings: Set<String>) { unknownSettings = settings }

  func refuse(_ topic: String, _ error: EventBusError?) { errors[topic] = error }
  func somebodyElseDoes(_ changes: [TopicChange]) { others = changes }
  func electLeaders(afterLooks count: Int) { looksUntilLeader = count }

  func state(describing topics: Set<String>) async throws(EventBusError) -> ClusterState {
    var shown = state
    guard looksUntilLeader > 0 else { return shown }
    looksUntilLeader -= 1
    for name in shown.topics.keys {
      let partitions = shown.topics[name]?.description.partitions ?? []
      shown.topics[name]?.description = TopicDescription(
        name: name,
        partitions: partitions.map { .init(partition: $0.partition, leader: nil, replicas: $0.replicas, inSyncReplicas: []) })
    }
    return shown
  }

  func create(_ topics: [TopicSpecification]) async -> [KafkaAdmin.Creation] {
    begin(topics.count)
    return topics.map { topic in
      if let error = errors[topic.name] { return .failed(error) }
      if let name = topic.configuration.keys.first(where: unknownSettings.contains) {
        return .failed(EventBusError(.other, "Unknown topic config name: \(name)"))
      }
      guard state.topics[topic.name] == nil else { return .alreadyExists }
      state = state.applying([.create(topic)])
      return .created
    }
  }

  func grow(_ wishes: [(topic: String, partitions: Int32)]) async -> [EventBusError?] {
    begin(wishes.count)
    return wishes.map { wish in
      let count = state.topics[wish.topic]?.description.partitions.count ?? 0
      guard errors[wish.topic] == nil, count < wish.partitions else {
        return errors[wish.topic] ?? EventBusError(.other, "Topic already has \(count) partition(s).")
      }
      state = state.applying([.grow(topic: wish.topic, from: count, to: Int(wish.partitions))])
      return nil
    }
  }

  func alter(_ wishes: [(topic: String, settings: [String: String])]) async -> [EventBusError?] {
    begin(wishes.count)
    return wishes.map { wish in
      if let error = errors[wish.topic] { return error }
      state = state.applying([.configure(topic: wish.topic, wish.settings.map { .init($0.key, old: nil, new: $0.value) })])
      return nil
    }
  }

  private func begin(_ count: Int) {
    guard count > 0 else { return }
    requests += 1
    state = state.applying(others)
    others = []
  }
}
