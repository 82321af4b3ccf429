import OnexCore
import OnexKafka
import OnexTopics
import Testing

@Suite struct TopicPlanTests {
  private func plan(
    _ wanted: TopicDeclaration..., on topics: [ClusterState.Topic], allowsProtected: Bool = false
  ) -> TopicPlan {
    TopicPlan(
      desired: DesiredTopics(wanted, contracts: []).topics, cluster: ClusterState(topics: topics),
      allowsProtected: allowsProtected)
  }

  @Test func whatIsMissingIsMadeAndWhatNobodyDeclaresIsOnlyListed() throws {
    let wanted = try Scenes.declaration("requests", ["max.message.bytes": "100"], dlq: true)
    let plan = plan(
      wanted, on: [Scenes.topic("requests", ["max.message.bytes": "100"]), Scenes.topic("foreign"), Scenes.topic("__internal")])
    #expect(
      plan.changes == [
        .create(
          TopicSpecification(
            name: "requests.dlq", partitions: 6, replicationFactor: 1,
            configuration: ["max.message.bytes": "200", "retention.ms": "2592000000"]))
      ])
    #expect(plan.unmanaged == ["foreign"])
    #expect(plan.missing == ["requests.dlq"])
  }

  @Test func aTopicWithoutALeaderIsNotUsableYet() throws {
    let wanted = try Scenes.declaration("requests")
    #expect(plan(wanted, on: [Scenes.topic("requests", leader: nil)]).leaderless == ["requests"])
    #expect(plan(wanted, on: [Scenes.topic("requests")]).leaderless.isEmpty)
  }

  @Test func partitionsGrowAndNeverGoAway() throws {
    let wanted = try Scenes.declaration("requests", partitions: 8)
    #expect(plan(wanted, on: [Scenes.topic("requests")]).changes == [.grow(topic: "requests", from: 6, to: 8)])
    let fewer = plan(wanted, on: [Scenes.topic("requests", partitions: 12)])
    #expect(fewer.changes.isEmpty)
    #expect(fewer.refusals == [TopicRefusal("requests", .fewerPartitions(found: 12, declared: 8))])
    #expect(fewer.refusals.first?.message.contains("declare 12") == true)
  }

  @Test func anotherReplicationIsRefused() throws {
    let plan = plan(try Scenes.declaration("requests", replicas: 3), on: [Scenes.topic("requests", replicas: 2)])
    #expect(plan.changes.isEmpty && !plan.isEmpty)
    #expect(plan.refusals == [TopicRefusal("requests", .otherReplication(found: 2, declared: 3))])
  }

  @Test func onlyDeclaredSettingsAreComparedAndByWhatIsInForce() throws {
    let wanted = try Scenes.declaration(
      "t", ["retention.ms": "604800000", "min.cleanable.dirty.ratio": "0.5", "preallocate": "FALSE"])
    var found = Scenes.topic("t", ["segment.ms": "1"])
    found.settings = .known([
      "segment.ms": KafkaSetting("segment.ms", "1", source: .topic),
      "retention.ms": KafkaSetting("retention.ms", "604800000", source: .standard),
      "min.cleanable.dirty.ratio": KafkaSetting("min.cleanable.dirty.ratio", "0.50", source: .broker),
      "preallocate": KafkaSetting("preallocate", "false", source: .standard),
    ])
    #expect(plan(wanted, on: [found]).isEmpty, "a value that is in force is no difference, whatever its source")
    let other = try Scenes.declaration("t", ["retention.ms": "1", "compression.type": "lz4"])
    #expect(
      plan(other, on: [found]).changes == [
        .configure(
          topic: "t",
          [.init("compression.type", old: nil, new: "lz4"), .init("retention.ms", old: "604800000", new: "1")])
      ])
  }

  @Test func moreReplicasInSyncThanThereAreIsRefused() throws {
    let two = ["min.insync.replicas": "2"]
    let made = plan(try Scenes.declaration("t", two), on: [])
    #expect(made.changes.isEmpty, "a topic that nobody could write to is not made")
    #expect(made.refusals == [TopicRefusal("t", .inSyncAboveReplication(minimum: 2, replicas: 1))])
    #expect(plan(try Scenes.declaration("t", replicas: 3, two), on: []).refusals.isEmpty)
    // Declared are enough replicas, the topic has fewer, and they are not moved here.
    let poor = plan(
      try Scenes.declaration("t", replicas: 3, ["min.insync.replicas": "2", "retention.ms": "5"]),
      on: [Scenes.topic("t", replicas: 1, ["min.insync.replicas": "1", "retention.ms": "9"])])
    #expect(poor.changes == [.configure(topic: "t", [.init("retention.ms", old: "9", new: "5")])])
    #expect(poor.refusals.map(\.reason.code) == ["replication_change", "min_insync_above_replication"])
  }

  @Test func aProtectedTopicIsMadeAndThenChangedOnlyWhereSomebodySaysSo() throws {
    let wanted = try Scenes.declaration("t", partitions: 8, ["retention.ms": "5"], isProtected: true)
    #expect(plan(wanted, on: []).changes.map(\.kind) == [.create])
    let found = [Scenes.topic("t", ["retention.ms": "9"])]
    let refused = plan(wanted, on: found)
    #expect(refused.changes.isEmpty)
    #expect(refused.refusals.map(\.reason.code) == ["protected", "protected"])
    #expect(refused.refusals.first?.message.contains("--allow-protected") == true)
    #expect(plan(wanted, on: found, allowsProtected: true).changes.map(\.kind) == [.grow, .configure])
  }

  @Test func topicsOfTheBrokerAreUntouchable() throws {
    let wanted = try Scenes.declaration("__consumer_offsets", partitions: 60, ["retention.ms": "5"])
    for topics in [[], [Scenes.topic("__consumer_offsets", partitions: 50)]] {
      let plan = plan(wanted, on: topics)
      #expect(plan.changes.isEmpty)
      #expect(plan.refusals == [TopicRefusal("__consumer_offsets", .internalTopic)])
    }
  }

  @Test func ofATopicThatOnlyAContractNamesNothingIsKnownButThatItIsNeeded() throws {
    let wanted = try Scenes.declaration("results", isImplied: true)
    #expect(plan(wanted, on: []).changes.map(\.kind) == [.create])
    #expect(plan(wanted, on: [Scenes.topic("results", partitions: 50, replicas: 3)]).isEmpty)
  }

  @Test func settingsThatTheBrokerKeepsToItselfAreNoMatch() throws {
    var found = Scenes.topic("t")
    let error = EventBusError(.authorization, "no")
    found.settings = .refused(error)
    let plan = plan(try Scenes.declaration("t", ["retention.ms": "5"]), on: [found])
    #expect(plan.changes.isEmpty && plan.unreadable == ["t": error] && !plan.isEmpty)
  }

  @Test func aTopicThatABrokerWouldTakeForAnotherIsRefused() throws {
    let plan = TopicPlan(
      desired: Scenes.desired(try Scenes.declaration("q.b")), cluster: ClusterState(topics: [Scenes.topic("q_b")]))
    #expect(plan.changes.isEmpty && plan.refusals == [TopicRefusal("q.b", .collision(with: "q_b"))])
    let both = TopicPlan(
      desired: Scenes.desired(try Scenes.declaration("r.b"), try Scenes.declaration("r_b")), cluster: ClusterState(topics: []))
    #expect(both.changes.map(\.topic) == ["r.b"] && both.refusals == [TopicRefusal("r_b", .collision(with: "r.b"))])
    let existing = TopicPlan(
      desired: Scenes.desired(try Scenes.declaration("q.b")),
      cluster: ClusterState(topics: [Scenes.topic("q_b"), Scenes.topic("q.b")]))
    #expect(existing.isEmpty, "a broker that has both already is left alone")
  }

  @Test func settingsThatNotEveryBrokerKnowsAreLeftOutWhereTheyAreUnknown() throws {
    let limit = "message.timestamp.after.max.ms"
    let desired = Scenes.desired(
      TopicDeclaration(
        name: try TopicName("a"), partitions: 1, replicationFactor: 1, configuration: ["retention.ms": "1"],
        configurationWhereKnown: [limit: "5"]))
    func changes(_ cluster: ClusterState) -> [TopicChange] { TopicPlan(desired: desired, cluster: cluster).changes }
    func created(_ settings: [String: String]) -> [TopicChange] {
      [.create(TopicSpecification(name: "a", partitions: 1, replicationFactor: 1, configuration: settings))]
    }
    #expect(
      changes(ClusterState(topics: [])) == created(["retention.ms": "1", limit: "5"]), "of an empty cluster nothing is known yet")
    let other = Scenes.topic("other", ["retention.ms": "2"])
    #expect(changes(ClusterState(topics: [other])) == created(["retention.ms": "1"]))
    #expect(
      changes(ClusterState(topics: [other], brokerSettings: ["log.\(limit)"])) == created(["retention.ms": "1", limit: "5"]))
    #expect(
      changes(ClusterState(topics: [Scenes.topic("other", [limit: "9"])])) == created(["retention.ms": "1", limit: "5"]),
      "another topic shows that the broker knows it")
    let old = ["retention.ms": "1"]
    #expect(changes(ClusterState(topics: [Scenes.topic("a", partitions: 1, old)])).isEmpty)
    #expect(
      changes(ClusterState(topics: [Scenes.topic("a", partitions: 1, old.merging([limit: "9"]) { $1 })]))
        == [.configure(topic: "a", [.init(limit, old: "9", new: "5")])])
  }

  /// A release that declares such a setting does not make every cluster differ that exists.
  @Test func aProtectedTopicThatExistsIsNotAskedForSettingsThatNotEveryBrokerKnows() throws {
    let limit = "message.timestamp.after.max.ms"
    let desired = Scenes.desired(
      TopicDeclaration(
        name: try TopicName("a"), partitions: 1, replicationFactor: 1, configurationWhereKnown: [limit: "5"], isProtected: true))
    let cluster = ClusterState(topics: [Scenes.topic("a", partitions: 1, [limit: "9223372036854775807"])])
    #expect(TopicPlan(desired: desired, cluster: cluster).isEmpty)
    #expect(
      TopicPlan(desired: desired, cluster: cluster, allowsProtected: true).changes
        == [.configure(topic: "a", [.init(limit, old: "9223372036854775807", new: "5")])])
  }
}
