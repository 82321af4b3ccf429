/// A difference that is not changed, and why.
public struct TopicRefusal: Sendable, Hashable {
  public enum Reason: Sendable, Hashable {
    case fewerPartitions(found: Int, declared: Int)
    case otherReplication(found: Int, declared: Int)
    /// Nobody could write to the topic with `acks=all`.
    case inSyncAboveReplication(minimum: Int, replicas: Int)
    /// The change would be made, were the topic not protected.
    case protected(TopicChange)
    case internalTopic
    /// Another topic has the same name but for `.` and `_`.
    case collision(with: String)

    /// For machines.
    public var code: String {
      switch self {
      case .fewerPartitions: "partition_decrease"
      case .otherReplication: "replication_change"
      case .inSyncAboveReplication: "min_insync_above_replication"
      case .protected: "protected"
      case .internalTopic: "internal_topic"
      case .collision: "name_collision"
      }
    }
  }

  public let topic: String
  public let reason: Reason

  public init(_ topic: String, _ reason: Reason) {
    self.topic = topic
    self.reason = reason
  }

  /// What differs, why it stays so, and what to do.
  public var message: String {
    switch reason {
    case .fewerPartitions(let found, let declared):
      "has \(Counted.words(found, "partition")), declared are \(declared): Kafka never takes partitions away; declare \(found), or make a new topic"
    case .otherReplication(let found, let declared):
      "has \(Counted.words(found, "replica")), declared are \(declared): moving replicas is the operator's work (kafka-reassign-partitions)"
    case .inSyncAboveReplication(let minimum, let replicas):
      "min.insync.replicas \(minimum) with \(Counted.words(replicas, "replica")): nothing could be written; declare at most \(replicas)"
    case .protected(let change): "\(change.summary): the topic is protected; say --allow-protected when this is meant"
    case .internalTopic: "belongs to the broker: take the declaration back"
    case .collision(let other):
      "collides with \(other): brokers take '.' and '_' in a topic's name for the same and refuse the second; rename one"
    }
  }
}
