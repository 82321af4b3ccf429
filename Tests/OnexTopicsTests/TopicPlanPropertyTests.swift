import OnexCore
import OnexKafka
import OnexTestSupport
import OnexTopics
import Testing

/// Whatever is declared and whatever the cluster is like: a plan that was carried out leaves nothing to be planned.
@Suite struct TopicPlanPropertyTests {
  private static let names = (0..<8).map { "topic-\($0)" } + ["__internal"]
  private static let settings = [
    "retention.ms": ["1", "2"], "cleanup.policy": ["delete", "compact"], "min.insync.replicas": ["1", "2"],
  ]

  private func values(_ random: inout SplitMix) -> [String: String] {
    var values: [String: String] = [:]
    for (name, choices) in Self.settings.sorted(by: { $0.key < $1.key }) where random.next(below: 2) == 0 {
      values[name] = choices[random.next(below: choices.count)]
    }
    return values
  }

  @Test(arguments: 0..<400) func carriedOutAPlanIsEmptyButForWhatIsRefused(_ seed: Int) throws {
    var random = SplitMix(seed: UInt64(seed))
    var declarations: [TopicDeclaration] = []
    var topics: [ClusterState.Topic] = []
    for name in Self.names {
      if random.next(below: 3) > 0 {
        declarations.append(
          try Scenes.declaration(
            name, partitions: 1 + random.next(below: 4), replicas: 1 + random.next(below: 3), values(&random),
            isProtected: random.next(below: 3) == 0, dlq: random.next(below: 3) == 0, isImplied: random.next(below: 5) == 0))
      }
      for twin in [name, name + ".dlq"] where random.next(below: 3) > 0 {
        topics.append(
          Scenes.topic(
            twin, partitions: 1 + random.next(below: 4), replicas: Int32(1 + random.next(below: 3)), values(&random)))
      }
    }
    let desired = DesiredTopics(declarations, contracts: []).topics
    let before = ClusterState(topics: topics)
    let allows = random.next(below: 2) == 0
    let plan = TopicPlan(desired: desired, cluster: before, allowsProtected: allows)
    let after = before.applying(plan.changes)
    let again = TopicPlan(desired: desired, cluster: after, allowsProtected: allows)
    #expect(again.changes.isEmpty, "seed \(seed): \(again.changes)")
    #expect(again.unmanaged == plan.unmanaged)
    // What was not planned is as it was.
    let touched = Set(plan.changes.map(\.topic))
    for (name, topic) in before.topics where !touched.contains(name) { #expect(after.topics[name] == topic, "seed \(seed)") }
    // Nothing goes away: no topic, no partition, no setting.
    for (name, topic) in before.topics {
      let later = try #require(after.topics[name])
      #expect(later.description.partitions.count >= topic.description.partitions.count, "seed \(seed)")
      guard case .known(let old) = topic.settings, case .known(let new) = later.settings else { continue }
      for (name, setting) in old where desired[topic.description.name]?.configuration[name] == nil {
        #expect(new[name] == setting, "seed \(seed)")
      }
    }
  }
}
