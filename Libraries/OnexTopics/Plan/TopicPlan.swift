import OnexCore
import OnexKafka

/// What separates a cluster from what is desired: what is to be done, what is not done and why. Pure.
public struct TopicPlan: Sendable, Equatable {
  /// In the order of the topics' names; partitions of a topic before its settings.
  public let changes: [TopicChange]
  public let refusals: [TopicRefusal]
  /// Declared topics that do not exist, those included that are refused.
  public let missing: [String]
  /// Declared topics with a partition that has no leader: they cannot be used yet.
  public let leaderless: [String]
  /// Declared topics whose settings the broker does not tell.
  public let unreadable: [String: EventBusError]
  /// Topics of the cluster that nobody declares; never touched. Internal ones are not listed.
  public let unmanaged: [String]
  public let implicitCreation: ClusterState.ImplicitCreation

  /// The cluster is what is declared.
  public var isEmpty: Bool { changes.isEmpty && refusals.isEmpty && unreadable.isEmpty }

  /// - Parameter allowsProtected: protected topics that exist are changed like others.
  public init(desired: [String: TopicDeclaration], cluster: ClusterState, allowsProtected: Bool = false) {
    var changes: [TopicChange] = []
    var refusals: [TopicRefusal] = []
    var missing: [String] = []
    var leaderless: [String] = []
    var unreadable: [String: EventBusError] = [:]
    let known = cluster.known(Set(desired.values.flatMap(\.configurationWhereKnown.keys)))
    var byMetric: [String: String] = [:]
    for name in cluster.topics.keys.sorted() where byMetric[TopicPlan.metric(name)] == nil {
      byMetric[TopicPlan.metric(name)] = name
    }
    for wanted in desired.values.sorted(by: { $0.name.description < $1.name.description }) {
      let name = wanted.name.description
      guard !TopicPlan.isInternal(name) else {
        refusals.append(TopicRefusal(name, .internalTopic))
        continue
      }
      var difference = Difference(wanted, known)
      if let found = cluster.topics[name] {
        if found.description.isLeaderless { leaderless.append(name) }
        if case .refused(let error) = found.settings { unreadable[name] = error }
        if !wanted.isImplied { difference.compare(with: found, isProtected: wanted.isProtected && !allowsProtected) }
        if wanted.isProtected, !allowsProtected { difference.protect() }
      } else {
        missing.append(name)
        difference.create(beside: byMetric[TopicPlan.metric(name)])
        if !difference.changes.isEmpty { byMetric[TopicPlan.metric(name)] = name }
      }
      changes += difference.changes
      refusals += difference.refusals
    }
    self.changes = changes
    self.refusals = refusals
    self.missing = missing
    self.leaderless = leaderless
    self.unreadable = unreadable
    unmanaged = cluster.topics.keys.filter { desired[$0] == nil && !TopicPlan.isInternal($0) }.sorted()
    implicitCreation = cluster.implicitCreation
  }

  static func isInternal(_ topic: String) -> Bool { topic.hasPrefix("__") }

  /// A topic's name as the names of its metrics have it. Brokers refuse a topic whose metrics would be another's (Apache Kafka's
  /// `Topic.hasCollision`).
  static func metric(_ topic: String) -> String { String(decoding: topic.utf8.map { $0 == 46 ? 95 : $0 }, as: UTF8.self) }
}

/// One topic's part of a plan.
private struct Difference {
  static let inSync = "min.insync.replicas"

  let wanted: TopicDeclaration
  let name: String
  /// What is to be set, of the settings that the brokers know.
  let configuration: [String: String]
  var changes: [TopicChange] = []
  var refusals: [TopicRefusal] = []

  init(_ wanted: TopicDeclaration, _ known: Set<String>) {
    self.wanted = wanted
    name = wanted.name.description
    configuration = wanted.configurationWhereKnown.filter { known.contains($0.key) }.merging(wanted.configuration) { _, own in own
    }
  }

  /// - Parameter other: a topic that the broker takes for the same.
  mutating func create(beside other: String?) {
    if let other { return refuse(.collision(with: other)) }
    if let minimum = inSyncAbove(wanted.replicationFactor) {
      refuse(.inSyncAboveReplication(minimum: minimum, replicas: wanted.replicationFactor))
      return
    }
    changes.append(
      .create(
        TopicSpecification(
          name: name, partitions: Int32(clamping: wanted.partitions),
          replicationFactor: Int32(clamping: wanted.replicationFactor),
          configuration: configuration)))
  }

  /// - Parameter isProtected: the topic is not to be changed. Settings that not every broker knows are not asked of it either: a topic
  ///   from before they were declared would differ for ever, and a job that wants no difference would fail with each release.
  mutating func compare(with found: ClusterState.Topic, isProtected: Bool) {
    let partitions = found.description.partitions.count
    if partitions > wanted.partitions { refuse(.fewerPartitions(found: partitions, declared: wanted.partitions)) }
    if partitions < wanted.partitions, partitions > 0 {
      changes.append(.grow(topic: name, from: partitions, to: wanted.partitions))
    }
    let replicas = found.description.replicas
    if let replicas, replicas != wanted.replicationFactor {
      refuse(.otherReplication(found: replicas, declared: wanted.replicationFactor))
    }
    guard case .known(let settings) = found.settings else { return }
    let limit = min(replicas ?? wanted.replicationFactor, wanted.replicationFactor)
    var settable = isProtected ? wanted.configuration : configuration
    if let minimum = inSyncAbove(limit) {
      refuse(.inSyncAboveReplication(minimum: minimum, replicas: limit))
      settable[Difference.inSync] = nil
    }
    let different = settable.sorted { $0.key < $1.key }.compactMap { name, value in
      Difference.areSame(settings[name]?.value, value)
        ? nil : TopicChange.SettingChange(name, old: settings[name]?.value, new: value)
    }
    if !different.isEmpty { changes.append(.configure(topic: name, different)) }
  }

  /// What would have been changed is refused instead.
  mutating func protect() {
    for change in changes { refuse(.protected(change)) }
    changes = []
  }

  private mutating func refuse(_ reason: TopicRefusal.Reason) { refusals.append(TopicRefusal(name, reason)) }

  private func inSyncAbove(_ replicas: Int) -> Int? {
    wanted.configuration[Difference.inSync].flatMap { Int($0) }.flatMap { $0 > replicas ? $0 : nil }
  }

  /// Brokers write numbers and truth values in their own way.
  private static func areSame(_ found: String?, _ declared: String) -> Bool {
    guard let found, found != declared else { return found != nil }
    if let left = Int64(found), let right = Int64(declared) { return left == right }
    if let left = Double(found), let right = Double(declared) { return left == right }
    return ["true", "false"].contains(declared.lowercased()) && found.lowercased() == declared.lowercased()
  }
}

extension TopicDescription {
  fileprivate var isLeaderless: Bool { partitions.isEmpty || partitions.contains { $0.leader == nil } }

  /// The fewest that a partition has; `nil` while the cluster does not know.
  fileprivate var replicas: Int? { partitions.map(\.replicas.count).min().flatMap { $0 > 0 ? $0 : nil } }
}
