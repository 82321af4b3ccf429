import OnexCore
import OnexService
import Testing

@testable import OnexTopics

@Suite struct GeneratedPagesTests {
  /// `make verify` asks the same of the program.
  @Test func theCommittedPagesAreWhatTheContractsSay() throws {
    for document in CatalogueDocument.all(try CatalogueScene.repository(), version: BuildVersion.current) {
      let path = "docs/reference/" + document.name
      let isFresh = CatalogueFile(path: CatalogueScene.root + "/" + path).text == document.text
      #expect(isFresh, "\(path) is stale; to refresh it: \(CatalogueDocument.refreshCommand)")
    }
  }

  @Test func theSameContractsInAnotherOrderGiveTheSamePages() throws {
    let topics = try ["b", "a", "requests"].map {
      try CatalogueScene.topic($0, configuration: ["retention.ms": "1", "x": "y"], dlq: true)
    }
    let handlers = try ["k", "h"].map { try CatalogueScene.handler($0, .compute, reads: ["b"], writes: ["a"]) }
    #expect(
      CatalogueDocument.all(CatalogueScene.catalogue(topics, handlers), version: "1")
        == CatalogueDocument.all(CatalogueScene.catalogue(topics.reversed(), handlers.reversed()), version: "1"))
  }

  @Test func aTopicsRowSaysWhatItIsInWords() throws {
    let topic = try CatalogueScene.topic(
      "results", configuration: ["retention.ms": "604800000", "retention.bytes": "1073741824", "max.message.bytes": "4194304"],
      owner: "runtime-main", description: "What a | b\ngave.", dlq: true)
    let handlers = [
      try CatalogueScene.handler("sum", .compute, writes: ["results"]),
      try CatalogueScene.handler("fold", .reducer, reads: ["results"]),
    ]
    let text = TopicReference(catalogue: CatalogueScene.catalogue([topic], handlers)).text
    #expect(
      text.contains(
        "| results | 3 | 2 | 7 days or 1 GiB a partition | 4 MiB | no | results.dlq | no | runtime-main: fold | runtime-worker: sum | What a \\| b gave. |"
      ))
    #expect(text.contains("| results.dlq | 3 | 2 | 30 days or 1 GiB a partition | 8 MiB | — |"))
  }

  @Test(arguments: [
    ("86400000", "1 day"), ("7200000", "2 hours"), ("90000", "90 seconds"), ("1500", "1500 milliseconds"),
    ("0", "0 milliseconds"),
    ("-1", "for ever"), ("soon", "soon"),
  ])
  func timesAreInTheLargestUnitThatFits(milliseconds: String, words: String) {
    #expect(TopicSettingText.duration(milliseconds) == words)
  }

  @Test func aCompactedTopicIsNotKeptForATime() throws {
    let topic = try CatalogueScene.topic("t", configuration: ["cleanup.policy": "compact", "retention.ms": "1000"])
    #expect(TopicSettingText.retention(topic) == "compacted")
    let both = try CatalogueScene.topic("t", configuration: ["cleanup.policy": "compact, delete", "retention.ms": "1000"])
    #expect(TopicSettingText.retention(both) == "1 second, compacted")
    #expect(TopicSettingText.retention(try CatalogueScene.topic("t")) == "the broker's")
  }
}
