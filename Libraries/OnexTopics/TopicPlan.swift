import OnexCore
import OnexKafka

/// What separates the cluster from what is desired. Pure: the cluster's state is given.
public struct TopicPlan: Sendable, Equatable {
  public struct Difference: Sendable, Equatable {
    public let topic: String
    public let message: String
  }

  /// Topics to make, by name.
  public let create: [KafkaAdmin.TopicSpecification]
  /// Topics that exist but some partition of theirs has no leader: they cannot be used yet.
  public let leaderless: [String]
  /// Topics that differ in a way that is not changed here.
  public let drift: [Difference]
  /// Topics of the cluster that nobody declares; never touched.
  public let unmanaged: [String]

  /// Everything that is desired can be used.
  public var isSettled: Bool { create.isEmpty && leaderless.isEmpty }

  public init(desired: [String: TopicDeclaration], cluster: [TopicDescription]) {
    let existing = Dictionary(cluster.map { ($0.name, $0) }) { first, _ in first }
    create = desired.values.filter { existing[$0.name.description] == nil }.map(TopicPlan.specification)
      .sorted { $0.name < $1.name }
    let present = desired.values.compactMap { wanted in existing[wanted.name.description].map { (wanted, $0) } }
      .sorted { $0.1.name < $1.1.name }
    leaderless = present.filter { $0.1.partitions.isEmpty || $0.1.partitions.contains { $0.leader == nil } }.map(\.1.name)
    drift = present.flatMap { TopicPlan.differences($0.0, $0.1) }
    unmanaged = cluster.map(\.name).filter { desired[$0] == nil && !$0.hasPrefix("__") }.sorted()
  }

  private static func specification(_ declaration: TopicDeclaration) -> KafkaAdmin.TopicSpecification {
    KafkaAdmin.TopicSpecification(
      name: declaration.name.description, partitions: Int32(declaration.partitions),
      replicationFactor: Int32(declaration.replicationFactor), configuration: declaration.configuration)
  }

  private static func differences(_ wanted: TopicDeclaration, _ found: TopicDescription) -> [Difference] {
    var differences: [Difference] = []
    if found.partitions.count != wanted.partitions, !found.partitions.isEmpty {
      differences.append(
        Difference(topic: found.name, message: "has \(found.partitions.count) partitions; declared are \(wanted.partitions)"))
    }
    if let replicas = found.partitions.map(\.replicas.count).min(), replicas != wanted.replicationFactor, replicas > 0 {
      differences.append(
        Difference(topic: found.name, message: "has \(replicas) replicas; declared are \(wanted.replicationFactor)"))
    }
    return differences
  }
}
