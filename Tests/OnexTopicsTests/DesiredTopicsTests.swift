import OnexCore
import OnexTopics
import Testing

@Suite struct DesiredTopicsTests {
  @Test func twoDeclarationsOfOneTopicAreAProblemThatNamesBothFiles() throws {
    let desired = DesiredTopics(
      [try Scenes.declaration("requests"), try Scenes.declaration("requests", file: "b.yaml")], contracts: [])
    let problem = try #require(desired.problems.first)
    #expect(problem.file == "b.yaml" && problem.message.contains("a.yaml"))
  }

  @Test func topicsOfAHandlersContractAreDesiredToo() throws {
    let contract = HandlerContract(
      name: "h", handlerClass: try #require(HandlerClass("M.T")), kind: .compute, operations: .prefix("h"),
      eventBus: ContractEventBus(publishTopics: [try TopicName("results")]))
    let desired = DesiredTopics([], contracts: [contract], overlay: TopicOverlay(defaults: .init(replicationFactor: 3)))
    #expect(desired.topics["results"]?.partitions == 6)
    #expect(desired.topics["results"]?.replicationFactor == 3, "an environment's default is for these too")
    #expect(desired.uses["results"]?.map(\.contract) == ["h"])
  }

  @Test func anOverlayChangesATopicItsTwinFollowsAndTheEntryWinsOverTheDefault() throws {
    let overlay = TopicOverlay(
      defaults: .init(replicationFactor: 3, retention: ["retention.ms": "7"]),
      topics: ["a": .init(.init(partitions: 24)), "b": .init(.init(replicationFactor: 2, retention: ["retention.ms": "8"]))])
    let topics = DesiredTopics(
      [try Scenes.declaration("a", ["retention.ms": "1", "cleanup.policy": "delete"], dlq: true), try Scenes.declaration("b")],
      contracts: [], overlay: overlay
    ).topics
    #expect(topics["a"]?.partitions == 24 && topics["a"]?.replicationFactor == 3)
    #expect(topics["a"]?.configuration == ["retention.ms": "7", "cleanup.policy": "delete"])
    #expect(topics["a.dlq"]?.partitions == 24 && topics["a.dlq"]?.replicationFactor == 3)
    #expect(topics["a.dlq"]?.configuration["retention.ms"] == "2592000000", "dead letters stay for somebody to look")
    #expect(topics["b"]?.replicationFactor == 2 && topics["b"]?.configuration == ["retention.ms": "8"])
  }

  @Test func aTwinMayHaveAnEntryOfItsOwn() throws {
    let overlay = TopicOverlay(topics: ["a.dlq": .init(.init(retention: ["retention.ms": "9"]))])
    let desired = DesiredTopics([try Scenes.declaration("a", dlq: true)], contracts: [], overlay: overlay)
    #expect(desired.problems.isEmpty)
    #expect(desired.topics["a.dlq"]?.configuration["retention.ms"] == "9")
  }

  @Test func anEntryForATopicThatNobodyDeclaresIsAProblemWithItsPlace() throws {
    let overlay = TopicOverlay(topics: ["reqests": .init(.init(partitions: 2), file: "production.yaml", line: 7, column: 5)])
    let desired = DesiredTopics([try Scenes.declaration("requests")], contracts: [], overlay: overlay)
    #expect(desired.problems.count == 1 && desired.overlayProblems == desired.problems)
    let text = try #require(desired.problems.first?.description)
    #expect(text.contains("production.yaml:7:5") && text.contains("did you mean requests?"))
  }

  @Test(arguments: ["compact", "compact,delete", "delete,compact", "delete"])
  func aTwinDeletesByAgeWhateverItsTopicDoes(_ policy: String) throws {
    let declaration = try Scenes.declaration(
      "a", ["cleanup.policy": policy, "min.compaction.lag.ms": "5", "delete.retention.ms": "7", "segment.ms": "9"], dlq: true)
    let topics = DesiredTopics([declaration], contracts: []).topics
    #expect(topics["a"]?.configuration["cleanup.policy"] == policy)
    #expect(
      topics["a.dlq"]?.configuration
        == ["cleanup.policy": "delete", "retention.ms": "2592000000", "segment.ms": "9"])
  }

  @Test func aDeclaredTwinThatCompactsIsAProblem() throws {
    let problems = DesiredTopics(
      [try Scenes.declaration("a", dlq: true), try Scenes.declaration("a.dlq", ["cleanup.policy": "compact"], file: "d.yaml")],
      contracts: []
    ).problems
    #expect(problems.count == 1 && problems.first?.file == "d.yaml" && problems.first?.message.contains("compact") == true)
  }

  @Test(arguments: [245, 246, 249])
  func aTwinWhoseNameIsTooLongIsAProblem(_ length: Int) throws {
    let name = String(repeating: "x", count: length)
    let desired = DesiredTopics([try Scenes.declaration(name, dlq: true)], contracts: [])
    #expect(desired.problems.count == (length > 245 ? 1 : 0))
    #expect((desired.topics[name + ".dlq"] != nil) == (length <= 245))
    if length > 245 { #expect(desired.problems[0].message.contains("\(length + 4) characters")) }
    #expect(DesiredTopics([try Scenes.declaration(name)], contracts: []).problems.isEmpty, "without a twin it is a valid name")
  }

  @Test(arguments: [("q.b", "q_b"), ("a_dlq", "a"), ("x.y_z", "x_y.z")])
  func namesThatABrokerTakesForTheSameAreAProblem(_ first: String, _ second: String) throws {
    let problems = DesiredTopics(
      [try Scenes.declaration(first), try Scenes.declaration(second, dlq: second == "a", file: "b.yaml")], contracts: []
    ).problems
    #expect(problems.count == 1 && problems.first?.message.contains("collide") == true)
  }

  @Test func aTopicOfAHandlersContractMayCollideToo() throws {
    let contract = HandlerContract(
      name: "h", handlerClass: try #require(HandlerClass("M.T")), kind: .compute, operations: .prefix("h"),
      eventBus: ContractEventBus(publishTopics: [try TopicName("q_b")]))
    #expect(DesiredTopics([try Scenes.declaration("q.b")], contracts: [contract]).problems.count == 1)
  }

  @Test(arguments: ["9223372036854775807", "4611686018427387904", "2147483647", "1073741824"])
  func aTwinsLargestMessageStaysWithinWhatBrokersTake(_ limit: String) throws {
    let topics = DesiredTopics([try Scenes.declaration("a", ["max.message.bytes": limit], dlq: true)], contracts: []).topics
    #expect(topics["a.dlq"]?.configuration["max.message.bytes"] == "2147483647")
  }
}
