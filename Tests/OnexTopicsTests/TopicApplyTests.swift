import OnexCore
import OnexKafka
import OnexTestSupport
import Testing

@testable import OnexTopics

@Suite struct TopicApplyTests {
  private func options(_ change: (inout TopicApply.Options) -> Void = { _ in }) -> TopicApply.Options {
    var options = TopicApply.Options()
    options.timeout = .milliseconds(300)
    change(&options)
    return options
  }

  @Test func theClusterBecomesWhatIsDeclaredAndASecondRunHasNothingToDo() async throws {
    let cluster = ScriptedCluster([Scenes.topic("b", partitions: 2, ["retention.ms": "9", "segment.ms": "4"])])
    let desired = Scenes.desired(
      try Scenes.declaration("a"), try Scenes.declaration("b", partitions: 4, ["retention.ms": "5"]))
    let first = try await TopicApply(cluster).run(desired, options())
    #expect(first.matches && first.done.map(\.kind) == [.create, .grow, .configure])
    let before = await cluster.requests
    let second = try await TopicApply(cluster).run(desired, options())
    #expect(second.matches && second.done.isEmpty)
    #expect(await cluster.requests == before)
    guard case .known(let settings)? = await cluster.state.topics["b"]?.settings else {
      throw EventBusError(.other, "no settings")
    }
    #expect(settings["segment.ms"]?.value == "4")
  }

  @Test(arguments: [
    (EventBusError(.authorization, "TOPIC_AUTHORIZATION_FAILED"), "DESCRIBE_CONFIGS"),
    (EventBusError(.timedOut, "Local: Timed out", isRetriable: true), "--timeout"),
    (EventBusError(.other, "Invalid value soon for configuration retention.ms"), "retention.ms"),
  ])
  func oneOfFortyThatFailsIsNamedAndTheNextRunTriesIt(_ error: EventBusError, _ advice: String) async throws {
    let cluster = ScriptedCluster()
    let declarations = try (0..<40).map { try Scenes.declaration("topic-\($0)") }
    let desired = DesiredTopics(declarations, contracts: []).topics
    await cluster.refuse("topic-17", error)
    let report = try await TopicApply(cluster).run(desired, options())
    #expect(report.done.count == 39 && !report.matches && !report.isFinal)
    #expect(report.failures.map(\.change.topic) == ["topic-17"] && report.failures.first?.error == error)
    let text = PlanText.table(report)
    #expect(text.contains("FAILED") && text.contains(error.code.description) && text.contains(advice), "\(text)")
    let document = PlanDocument.of(report, environment: "test")
    #expect(document["failed"]?.array?.first?["error"]?.string == error.code.description)
    #expect(document["matches"] == false)
    await cluster.refuse("topic-17", nil)
    let next = try await TopicApply(cluster).run(desired, options())
    #expect(next.matches && next.done.map(\.topic) == ["topic-17"])
  }

  @Test func whatSomebodyElseWasFasterWithIsNoFailureAndNotDoneTwice() async throws {
    let cluster = ScriptedCluster([Scenes.topic("b", partitions: 2)])
    let desired = Scenes.desired(try Scenes.declaration("a"), try Scenes.declaration("b", partitions: 4))
    let plan = TopicPlan(desired: desired, cluster: await cluster.state)
    await cluster.somebodyElseDoes(plan.changes)
    let report = try await TopicApply(cluster).run(desired, options())
    #expect(report.matches && report.done.isEmpty && report.failures.isEmpty)
  }

  @Test func newPartitionsAreWaitedForAndNotForEver() async throws {
    let cluster = ScriptedCluster()
    let desired = Scenes.desired(try Scenes.declaration("a"))
    await cluster.electLeaders(afterLooks: 3)
    #expect(try await TopicApply(cluster).run(desired, options { $0.timeout = .seconds(20) }).matches)
    await cluster.electLeaders(afterLooks: 1_000_000)
    let report = try await TopicApply(cluster).run(desired, options())
    #expect(report.waiting == ["a"] && !report.matches)
  }

  @Test func refusalsAreFinalAndSayNoMatch() async throws {
    let cluster = ScriptedCluster([Scenes.topic("a", partitions: 9)])
    let report = try await TopicApply(cluster).run(Scenes.desired(try Scenes.declaration("a")), options())
    #expect(!report.matches && report.isFinal && report.rest.refusals.count == 1)
  }

  @Test func strictDoesNothingOnABrokerThatMakesTopicsByItself() async throws {
    let desired = Scenes.desired(try Scenes.declaration("a"))
    let strict = options { $0.isStrict = true }
    let loose = ScriptedCluster(implicitCreation: .enabled)
    let report = try await TopicApply(loose).run(desired, strict)
    #expect(report.isRefusedByBroker && !report.matches && report.isFinal)
    #expect(await loose.requests == 0)
    #expect(PlanText.warning(.enabled)?.hasPrefix("WARNING") == true)
    #expect(PlanText.warning(.unknown)?.contains("unknown") == true)
    for creation in [ClusterState.ImplicitCreation.disabled, .unknown] {
      #expect(try await TopicApply(ScriptedCluster(implicitCreation: creation)).run(desired, strict).matches)
    }
  }

  @Test func aPlanEndsAsDocumented() throws {
    let desired = Scenes.desired(try Scenes.declaration("a"))
    let same = TopicPlan(desired: desired, cluster: ClusterState(topics: [Scenes.topic("a")], implicitCreation: .enabled))
    let other = TopicPlan(desired: desired, cluster: ClusterState(topics: []))
    var denied = Scenes.topic("a")
    denied.settings = .refused(EventBusError(.authorization, "no"))
    let unreadable = TopicPlan(desired: desired, cluster: ClusterState(topics: [denied]))
    #expect(PlanCommand.exit(same, failsOnDrift: true, isStrict: false) == .success)
    #expect(PlanCommand.exit(same, failsOnDrift: false, isStrict: true) == .failed)
    #expect(PlanCommand.exit(other, failsOnDrift: false, isStrict: true) == .success)
    #expect(PlanCommand.exit(other, failsOnDrift: true, isStrict: false) == .differs)
    #expect(PlanCommand.exit(unreadable, failsOnDrift: true, isStrict: false) == .failed)
  }

  @Test(arguments: [true, false]) func aBrokerThatDoesNotKnowASettingMakesTheTopicWithoutIt(_ isKnown: Bool) async throws {
    let limit = "message.timestamp.after.max.ms"
    let desired = Scenes.desired(
      TopicDeclaration(
        name: try TopicName("a"), partitions: 1, replicationFactor: 1, configuration: ["retention.ms": "1"],
        configurationWhereKnown: [limit: "5"], isProtected: true))
    let cluster = ScriptedCluster()
    if !isKnown { await cluster.doNotKnow([limit]) }
    for _ in 0..<2 {
      let report = try await TopicApply(cluster).run(desired, TopicApply.Options())
      #expect(report.matches && report.failures.isEmpty)
    }
    guard case .known(let settings)? = await cluster.state.topics["a"]?.settings else { throw EventBusError(.other, "no topic") }
    #expect(settings[limit]?.value == (isKnown ? "5" : nil) && settings["retention.ms"]?.value == "1")
  }

  @Test func aTopicThatIsRefusedForAnotherReasonIsReportedOnce() async throws {
    let desired = Scenes.desired(
      TopicDeclaration(
        name: try TopicName("a"), partitions: 1, replicationFactor: 1, configurationWhereKnown: ["segment.ms": "5"]))
    let cluster = ScriptedCluster()
    await cluster.refuse("a", EventBusError(.authorization, "no"))
    let report = try await TopicApply(cluster).run(desired, TopicApply.Options())
    #expect(report.failures.count == 1 && report.failures.first?.error.code == .authorization && !report.matches)
  }
}
