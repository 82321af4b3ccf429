import OnexCore
import OnexObservability
import OnexService
import Testing

@testable import OnexRuntime
@testable import OnexTopics

@Suite struct TopicCatalogueTests {
  /// The catalogue may not import the services' libraries; this keeps it from saying anything else than they do.
  @Test func servicesAreAsTheirOwnSettingsSay() throws {
    func check<S: Service>(
      _ service: S.Type, input: Setting<String>, output: Setting<String>, group: Setting<String>,
      sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      let found = try #require(ServiceTopics.services.first { $0.participant.name == S.name }, sourceLocation: sourceLocation)
      #expect(found.participant.role == .service(group: group.defaultText), sourceLocation: sourceLocation)
      #expect(found.reads.first == input.defaultText, sourceLocation: sourceLocation)
      #expect(found.writes.first == output.defaultText, sourceLocation: sourceLocation)
    }
    try check(MainService.self, input: MainService.inputTopic, output: MainService.outputTopic, group: MainService.groupID)
    try check(
      EffectsService.self, input: EffectsService.inputTopic, output: EffectsService.outputTopic, group: EffectsService.groupID)
    try check(
      WorkerService.self, input: WorkerService.inputTopic, output: WorkerService.outputTopic, group: WorkerService.groupID)
    let consumer = try #require(ServiceTopics.services.first { $0.participant.name == AgentActionsConsumer.name })
    #expect(consumer.participant.role == .service(group: AgentActionsSettings.group.defaultText))
    #expect(consumer.reads.sorted() == ObservabilityTable.all.map(\.topic).sorted())
  }

  @Test(arguments: [
    (HandlerKind.compute, "runtime-worker"), (.effect, "runtime-effects"), (.reducer, "runtime-main"),
    (.orchestrator, "runtime-main"),
  ])
  func aHandlerRunsWhereItsKindDoes(kind: HandlerKind, service: String) throws {
    let catalogue = CatalogueScene.catalogue([], [try CatalogueScene.handler("h", kind, reads: ["in"], writes: ["out"])])
    let reader = try #require(catalogue.links(.reads, "in").first)
    #expect(reader.name == "h" && reader.host == service)
    #expect(catalogue.links(.writes, "out") == [reader])
  }

  @Test func aServiceWritesTheTwinOfWhatItReadsAndNothingUndeclared() throws {
    let catalogue = CatalogueScene.catalogue([try CatalogueScene.topic("requests", dlq: true)])
    #expect(catalogue.links(.deadLetters, "requests.dlq").map(\.name) == ["runtime-main"])
    #expect(Set(catalogue.links.map(\.topic)) == ["requests", "requests.dlq"])
    let without = CatalogueScene.catalogue([try CatalogueScene.topic("requests")])
    #expect(without.links.allSatisfy { $0.direction != .deadLetters })
  }

  @Test func onlyATopicWithItsOriginalIsATwin() throws {
    let catalogue = CatalogueScene.catalogue([try CatalogueScene.topic("a", dlq: true), try CatalogueScene.topic("lonely.dlq")])
    let twins = catalogue.topics.compactMap(catalogue.original)
    #expect(twins == ["a"])
  }
}
