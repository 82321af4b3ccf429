import OnexCommandLine
import OnexCore
import OnexJSON
import OnexKafka
import OnexService
import OnexYAML
import Synchronization
import Testing

@testable import OnexTopics

/// What a broker, a declaration or an argument says reaches the operator's terminal as text.
@Suite struct HostileOutputTests {
  private static let hostile = "\u{1B}]0;owned\u{7}\u{9B}31m\u{7F}\u{202E}\u{2028}x"

  private func printed(_ body: (Terminal) async throws -> Void) async rethrows -> String {
    let text = Mutex("")
    try await body(Terminal { _, part in text.withLock { $0 += part } })
    return text.withLock { $0 }
  }

  private func isHarmless(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { $0 == "\n" || PrintableText.of(String($0)) == String($0) }
  }

  @Test func whatABrokerSays() async throws {
    let error = EventBusError(.other, HostileOutputTests.hostile)
    let topic = TopicSpecification(
      name: HostileOutputTests.hostile, partitions: 1, replicationFactor: 1, configuration: ["a": HostileOutputTests.hostile])
    let state = ClusterState(topics: [
      Scenes.topic(HostileOutputTests.hostile), Scenes.topic("a", partitions: 6, ["retention.ms": HostileOutputTests.hostile]),
      ClusterState.Topic(Scenes.topic("b").description, .refused(error)),
    ])
    let plan = TopicPlan(
      desired: Scenes.desired(try Scenes.declaration("a", ["retention.ms": "1"]), try Scenes.declaration("b")), cluster: state)
    let report = ApplyReport(
      done: [.create(topic)], failures: [.init(.create(topic), error)], rest: plan, waiting: [HostileOutputTests.hostile])
    let text = await printed { terminal in
      terminal.print(PlanText.table(plan))
      terminal.print(PlanText.table(report))
      terminal.printError(TopicErrorText.of(error))
    }
    #expect(isHarmless(text) && text.contains("\\u001b]0;owned"))
    #expect(
      PlanText.table(plan).split(separator: "\n").count == 4, "a value begins no line: two changes or refusals, one unmanaged")
  }

  @Test func documentsAreExactAndHarmless() async throws {
    let document: JSONValue = [[.string(HostileOutputTests.hostile)], .string(HostileOutputTests.hostile)]
    for arguments in [["--json"], ["--yaml"]] {
      let format = try OutputFormat(ArgumentSet(arguments, .init(flags: OutputFormat.flags)))
      let text = await printed { format.print(document, table: "", $0) }
      #expect(isHarmless(text))
      if arguments == ["--json"] { #expect(try JSONValue.parse(Bytes(text)) == document) }
      if arguments == ["--yaml"] {
        let root = try YAML.parse(Bytes(text), file: "x.yaml")
        #expect(root.sequence?.last?.text == HostileOutputTests.hostile)
      }
    }
  }

  @Test func whatIsMistyped() async {
    for arguments in [
      [HostileOutputTests.hostile], ["help", HostileOutputTests.hostile], ["plan", HostileOutputTests.hostile],
      ["plan", "--timeout", HostileOutputTests.hostile], ["graph", "--format", HostileOutputTests.hostile],
      ["graph", "--dir", "/nowhere/" + HostileOutputTests.hostile], ["acl", HostileOutputTests.hostile],
      ["acl", "plan", "--" + HostileOutputTests.hostile],
    ] {
      let text = await printed { terminal in
        _ = await TopicCommandLine.run(
          arguments, TopicCommandContext(terminal: terminal, environment: EnvironmentVariables([:])))
      }
      #expect(isHarmless(text) && !text.isEmpty, "\(arguments.first ?? "")")
    }
  }
}
