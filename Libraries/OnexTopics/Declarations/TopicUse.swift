import OnexCore

/// A handler's contract that names a topic in its `event_bus`.
public struct TopicUse: Sendable, Hashable {
  public enum Way: String, Sendable { case reads, writes }

  /// The handler.
  public let contract: String
  public let way: Way
  public let file: String

  /// Who reads and writes which topic, by topic.
  static func all(in contracts: [HandlerContract]) -> [String: [TopicUse]] {
    var uses: [String: [TopicUse]] = [:]
    for contract in contracts {
      for topic in contract.eventBus.subscribeTopics {
        uses[topic.description, default: []].append(TopicUse(contract: contract.name, way: .reads, file: contract.file))
      }
      for topic in contract.eventBus.publishTopics {
        uses[topic.description, default: []].append(TopicUse(contract: contract.name, way: .writes, file: contract.file))
      }
    }
    return uses
  }
}
