import OnexCore
import OnexKafka
import OnexTopics
import Testing

@Suite struct TopicPlanTests {
  private func declaration(_ name: String, partitions: Int = 6, dlq: Bool = false, file: String = "a.yaml") throws
    -> TopicDeclaration
  {
    TopicDeclaration(
      name: try TopicName(name), partitions: partitions, replicationFactor: 1, configuration: ["max.message.bytes": "100"],
      hasDeadLetters: dlq, file: file)
  }

  private func topic(_ name: String, partitions: Int = 6, leader: Int32? = 1) -> TopicDescription {
    TopicDescription(
      name: name,
      partitions: (0..<partitions).map { .init(partition: Int32($0), leader: leader, replicas: [1], inSyncReplicas: [1]) })
  }

  @Test func whatIsMissingIsMadeAndWhatNobodyDeclaresIsOnlyListed() throws {
    let desired = DesiredTopics([try declaration("requests", dlq: true)], contracts: [])
    let plan = TopicPlan(desired: desired.topics, cluster: [topic("requests"), topic("foreign"), topic("__internal")])
    #expect(plan.create.map(\.name) == ["requests.dlq"])
    #expect(plan.create.first?.configuration["max.message.bytes"] == "200")
    #expect(plan.unmanaged == ["foreign"])
    #expect(!plan.isSettled)
  }

  @Test func aTopicWithoutALeaderIsNotUsableYet() throws {
    let desired = DesiredTopics([try declaration("requests")], contracts: [])
    #expect(TopicPlan(desired: desired.topics, cluster: [topic("requests", leader: nil)]).leaderless == ["requests"])
    #expect(TopicPlan(desired: desired.topics, cluster: [topic("requests")]).isSettled)
  }

  @Test func otherCountsAreDriftAndNotChanged() throws {
    let desired = DesiredTopics([try declaration("requests", partitions: 3)], contracts: [])
    let plan = TopicPlan(desired: desired.topics, cluster: [topic("requests")])
    #expect(plan.isSettled && plan.drift.count == 1)
  }

  @Test func twoDeclarationsOfOneTopicAreAProblemThatNamesBothFiles() throws {
    let desired = DesiredTopics([try declaration("requests"), try declaration("requests", file: "b.yaml")], contracts: [])
    let problem = try #require(desired.problems.first)
    #expect(problem.file == "b.yaml" && problem.message.contains("a.yaml"))
  }

  @Test func topicsOfAHandlersContractAreDesiredToo() throws {
    let contract = HandlerContract(
      name: "h", handlerClass: try #require(HandlerClass("M.T")), kind: .compute, operations: .prefix("h"),
      eventBus: ContractEventBus(publishTopics: [try TopicName("results")]))
    #expect(DesiredTopics([], contracts: [contract]).topics["results"]?.partitions == 6)
  }
}
