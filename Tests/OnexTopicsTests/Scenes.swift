import OnexCore
import OnexKafka
import OnexTopics

/// What tests declare, and what they say that a cluster is like.
enum Scenes {
  static func declaration(
    _ name: String, partitions: Int = 6, replicas: Int = 1, _ settings: [String: String] = [:], isProtected: Bool = false,
    dlq: Bool = false, isImplied: Bool = false, file: String = "a.yaml"
  ) throws -> TopicDeclaration {
    TopicDeclaration(
      name: try TopicName(name), partitions: partitions, replicationFactor: replicas, configuration: settings,
      isProtected: isProtected, hasDeadLetters: dlq, isImplied: isImplied, file: file)
  }

  static func desired(_ declarations: TopicDeclaration...) -> [String: TopicDeclaration] {
    DesiredTopics(declarations, contracts: []).topics
  }

  static func topic(
    _ name: String, partitions: Int = 6, replicas: Int32 = 1, leader: Int32? = 1, _ settings: [String: String] = [:]
  ) -> ClusterState.Topic {
    let ids = Array(1...replicas)
    let description = TopicDescription(
      name: name,
      partitions: (0..<partitions).map { .init(partition: Int32($0), leader: leader, replicas: ids, inSyncReplicas: ids) })
    return ClusterState.Topic(
      description, .known(settings.reduce(into: [:]) { $0[$1.key] = KafkaSetting($1.key, $1.value, source: .topic) }))
  }
}

extension ClusterState {
  /// What the cluster is after a plan was carried out.
  func applying(_ changes: [TopicChange]) -> ClusterState {
    var state = self
    for change in changes {
      switch change {
      case .create(let topic):
        state.topics[topic.name] = Scenes.topic(
          topic.name, partitions: Int(topic.partitions), replicas: topic.replicationFactor, topic.configuration)
      case .grow(let topic, _, let count):
        guard let old = state.topics[topic], let first = old.description.partitions.first else { continue }
        let added = (old.description.partitions.count..<count).map {
          TopicDescription.Partition(
            partition: Int32($0), leader: 1, replicas: first.replicas, inSyncReplicas: first.inSyncReplicas)
        }
        state.topics[topic]?.description = TopicDescription(name: topic, partitions: old.description.partitions + added)
      case .configure(let topic, let settings):
        guard case .known(var known)? = state.topics[topic]?.settings else { continue }
        for setting in settings { known[setting.name] = KafkaSetting(setting.name, setting.new, source: .topic) }
        state.topics[topic]?.settings = .known(known)
      }
    }
    return state
  }
}
