import OnexCore
import OnexKafka

/// A cluster's topics and what the plan needs to know about its brokers, at one moment.
public struct ClusterState: Sendable, Equatable {
  public enum Settings: Sendable, Equatable {
    /// Nobody declares the topic.
    case notAsked
    /// By name.
    case known([String: KafkaSetting])
    case refused(EventBusError)
  }

  public struct Topic: Sendable, Equatable {
    public var description: TopicDescription
    public var settings: Settings

    public init(_ description: TopicDescription, _ settings: Settings) {
      self.description = description
      self.settings = settings
    }
  }

  /// Whether the broker makes a topic when somebody merely asks for it: then a typo makes one.
  public enum ImplicitCreation: String, Sendable {
    case enabled, disabled
    /// The broker does not tell.
    case unknown
  }

  /// By name, internal ones included.
  public var topics: [String: Topic]
  public var implicitCreation: ImplicitCreation
  /// Names of the settings that a broker shows of itself; empty when it shows none.
  public var brokerSettings: Set<String>

  public init(topics: [Topic], implicitCreation: ImplicitCreation = .unknown, brokerSettings: Set<String> = []) {
    self.brokerSettings = brokerSettings
    self.topics = Dictionary(topics.map { ($0.description.name, $0) }) { first, _ in first }
    self.implicitCreation = implicitCreation
  }

  /// Those of `names` that the brokers know as settings of a topic: they show them of a topic, or as their own default for topics, whose
  /// name begins with `log.` (Apache Kafka's `ServerTopicConfigSynonyms`). All of them while no topic's settings have been seen: whether
  /// the brokers take them then shows when a topic is made.
  func known(_ names: Set<String>) -> Set<String> {
    guard !names.isEmpty else { return [] }
    let isSeen = topics.values.contains { if case .known = $0.settings { true } else { false } }
    guard isSeen else { return names }
    var known = names.filter { brokerSettings.contains($0) || brokerSettings.contains("log." + $0) }
    for topic in topics.values where known.count < names.count {
      if case .known(let settings) = topic.settings { known.formUnion(names.filter { settings[$0] != nil }) }
    }
    return known
  }
}
