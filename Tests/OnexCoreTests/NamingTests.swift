import Testing

@testable import OnexCore

@Suite struct NamingTests {
  @Test(arguments: ["http.get", "a.b.c", "transform.map_2"])
  func operationsFollowTheGrammar(_ name: String) throws {
    #expect(try #require(Operation(name)).name == name)
  }

  @Test(arguments: ["", "http", "http.", ".get", "Http.get", "http..get", "http.2get", "http.get ", "http._x", "héé.a"])
  func otherOperationsAreRefused(_ name: String) {
    #expect(Operation(name) == nil)
  }

  @Test func operationIsBoundedAt128Bytes() {
    #expect(Operation("a." + String(repeating: "b", count: 126)) != nil)
    #expect(Operation("a." + String(repeating: "b", count: 127)) == nil)
  }

  @Test(arguments: [
    "requests", "agent-actions.dlq", "onex.evt.platform.node-heartbeat.v1", "onex.evt.platform.node-heartbeat.v1.dlq",
  ])
  func topicNamesAreAccepted(_ name: String) throws {
    #expect(try TopicName(name).description == name)
  }

  @Test(arguments: [
    "", ".", "..", "a b", "ä", "onex.evt.platform.node", "onex.event.platform.node.v1", "onex.evt.platform.node.1",
    "onex.evt.platform.Node.v1", "onex.evt.platform.node.v0",
  ])
  func badTopicNamesAreRefused(_ name: String) {
    #expect(throws: TopicName.Invalid.self) { try TopicName(name) }
  }

  @Test func groupNameIsLowerCaseAndDotted() {
    let name = ConsumerGroupName.make(
      environment: "Prod", service: "runtime-main", component: "Router", purpose: .replay, version: "v1")
    #expect(name == "prod.runtime-main.router.replay.v1")
  }

  @Test func longGroupNamesAreCutTo255BytesAndStayDistinct() {
    func name(_ component: String) -> String {
      ConsumerGroupName.make(environment: "dev", service: "s", component: component, purpose: .consume, version: "v1")
    }
    let long = String(repeating: "ä", count: 200)
    let (first, second) = (name(long + "x"), name(long + "y"))
    #expect(first.utf8.count <= 255 && second.utf8.count <= 255)
    #expect(first != second)
    #expect(first.suffix(9).first == "-")
    #expect(first.suffix(8).allSatisfy { $0.isHexDigit })
    #expect(name(long + "x") == first)
  }
}
