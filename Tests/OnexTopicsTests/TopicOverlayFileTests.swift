import OnexCore
import Testing

@testable import OnexTopics

@Suite struct TopicOverlayFileTests {
  private func read(_ text: String) -> (overlay: TopicOverlay, problems: [String]) {
    let file = TopicOverlayFile.read(Bytes(text), file: "production.yaml")
    return (file.overlay, file.problems.map(\.description))
  }

  @Test func defaultsAndTopicsAreRead() {
    let (overlay, problems) = read(
      """
      defaults: {replication_factor: 3}
      topics:
        - name: requests
          partitions: 24
          config: {retention.ms: 1209600000, retention.bytes: "-1"}
      """)
    #expect(problems.isEmpty)
    #expect(overlay.defaults == .init(replicationFactor: 3))
    #expect(
      overlay.topics["requests"]?.change
        == .init(partitions: 24, retention: ["retention.ms": "1209600000", "retention.bytes": "-1"]))
  }

  @Test func anEmptyOverlayChangesNothing() {
    #expect(read("topics: []").overlay == .none)
  }

  @Test(arguments: [
    ("topics:\n  - {name: a, config: {cleanup.policy: compact}}", "production.yaml:2:24", "cleanup.policy is not for an overlay"),
    ("topics:\n  - {name: a, config: {min.insync.replicas: 2}}", "production.yaml:2:24", "min.insync.replicas"),
    ("defaults: {config: {retention.ms: soon}}", "production.yaml:1:35", "whole number"),
    ("topics:\n  - {name: a, owner: me}", "production.yaml:2:15", "owner"),
    ("topics:\n  - {name: a, protected: false}", "production.yaml:2:15", "protected"),
    ("topics:\n  - {name: a, partitions: 0}", "production.yaml:2:27", "partitions"),
    ("topics:\n  - {partitions: 3}", "production.yaml:2:5", "name"),
    ("topics:\n  - {name: a}\n  - {name: a}", "production.yaml:3:12", "already has an entry"),
    ("topic: []", "production.yaml:1:1", "topics"),
    ("topics: [", "production.yaml:", ""),
  ])
  func anythingElseIsAProblemWithItsPlace(_ text: String, _ place: String, _ words: String) {
    let problems = read(text).problems
    #expect(problems.count == 1, "\(problems)")
    #expect(problems.first?.hasPrefix(place) == true && problems.first?.contains(words) == true, "\(problems)")
  }
}
