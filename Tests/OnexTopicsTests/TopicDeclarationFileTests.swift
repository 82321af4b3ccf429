import OnexCore
import Testing

@testable import OnexTopics

@Suite struct TopicDeclarationFileTests {
  private func read(_ topic: String, head: String = "") -> (declarations: [TopicDeclaration], problems: [String]) {
    let file = TopicDeclarationFile.read(Bytes("\(head)topics:\n  - {name: a, \(topic)}\n"), file: "t.yaml")
    return (file.declarations, file.problems.map(\.description))
  }

  private static let extremes = [
    "0", "-1", "2147483648", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1e9", "1.5", "0x10000",
    "\"6\"", "[6]", "99999999999999999999999999999999999999",
  ]

  @Test(arguments: extremes) func partitionsAndReplicasAreWithinBoundsOrAProblem(_ number: String) {
    #expect(read("partitions: \(number)").problems.count == 1)
    #expect(read("partitions: \(number)").declarations.isEmpty)
    #expect(read("partitions: 1, replication_factor: \(number)").problems.count == 1)
    let overlay = TopicOverlayFile.read(
      Bytes("topics:\n  - {name: a, partitions: \(number)}\ndefaults: {replication_factor: \(number)}\n"), file: "p.yaml")
    #expect(overlay.problems.count == 2)
  }

  @Test(arguments: [
    ("retention.ms", "-2"), ("retention.ms", "9223372036854775808"),
    ("max.message.bytes", "2147483648"), ("max.message.bytes", "-1"), ("min.insync.replicas", "0"),
    ("segment.bytes", "13"), ("message.timestamp.before.max.ms", "-1"), ("segment.ms", "99999999999999999999999999"),
  ])
  func aSettingThatNoBrokerTakesIsAProblemWithItsPlace(_ name: String, _ value: String) throws {
    for field in ["config", "config_where_known"] {
      let problems = read("partitions: 1, \(field): {\(name): \(value)}").problems
      #expect(problems.count == 1)
      #expect(
        try #require(problems.first).contains("t.yaml:2:") && problems[0].contains("\(field).\(name) must be a whole number from")
      )
    }
  }

  @Test(arguments: [
    ("retention.ms", "-1"), ("retention.ms", "9223372036854775807"), ("unclean.leader.election.enable", "false"),
    ("retention.ms", "soon"),
  ])
  func whatBrokersTakeIsTaken(_ name: String, _ value: String) {
    let (declarations, problems) = read("partitions: 10000, replication_factor: 32, config: {\(name): \(value)}")
    #expect(problems.isEmpty && declarations.first?.configuration == [name: value])
  }

  @Test func settingsWhereKnownAreTheFilesUnlessTheTopicSaysOtherwise() {
    let head = "config_where_known: {message.timestamp.after.max.ms: 1, segment.ms: 2}\n"
    #expect(
      read("partitions: 1", head: head).declarations.first?.configurationWhereKnown
        == ["message.timestamp.after.max.ms": "1", "segment.ms": "2"])
    let own = read(
      "partitions: 1, config: {segment.ms: 7}, config_where_known: {message.timestamp.after.max.ms: 9}", head: head)
    #expect(own.declarations.first?.configurationWhereKnown == ["message.timestamp.after.max.ms": "9"])
    #expect(own.declarations.first?.configuration == ["segment.ms": "7"])
  }
}
