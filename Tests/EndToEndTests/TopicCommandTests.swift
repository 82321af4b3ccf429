import Glibc
import OnexCore
import OnexJSON
import OnexKafka
import ProcessTestSupport
import Testing

/// `topic-manager plan`, `apply` and `describe` as a person or a pipeline runs them.
@Suite(.timeLimit(.minutes(3))) struct TopicCommandTests {
  private let folder: TopicFolder
  private var run: String { folder.run }

  init() throws { folder = try TopicFolder() }

  private func command(
    _ arguments: String..., environment: [String: String] = [:]
  ) async throws -> (code: Int32, output: String) {
    let all = try folder.environment().merging(environment) { _, new in new }
    return try await Process.run("topic-manager", arguments, environment: all)
  }

  @Test func aPlanIsAppliedAndThenThereIsNoneLeft() async throws {
    try folder.declare(
      "  - {name: a-\(run), partitions: 2, config: {retention.ms: '900000'}}\n  - {name: b-\(run), partitions: 1}\n")
    let plan = try await command("plan", "--fail-on-drift")
    #expect(plan.code == 3 && plan.output.contains("create") && plan.output.contains("2 partitions"), "\(plan.output)")
    #expect(plan.output.contains("WARNING: the broker makes topics by itself"))
    #expect(try await command("plan").code == 0, "a difference alone is no error")
    let apply = try await command("apply")
    #expect(apply.code == 0 && apply.output.contains("created"), "\(apply.output)")
    #expect(try await command("plan", "--fail-on-drift").code == 0)
    try folder.declare(
      "  - {name: a-\(run), partitions: 4, config: {retention.ms: '800000'}}\n  - {name: b-\(run), partitions: 1}\n")
    let next = try await command("apply")
    #expect(next.code == 0 && next.output.contains("partitions 2 → 4"), "\(next.output)")
    #expect(next.output.contains("retention.ms 900000 → 800000"))
    #expect(try await command("plan", "--fail-on-drift").code == 0)
  }

  @Test func machinesGetJSONOrYAML() async throws {
    try folder.declare("  - {name: a-\(run), partitions: 2}\n")
    let json = try await command("plan", "--json")
    let document = try JSONValue.parse(Bytes(json.output[...(json.output.lastIndex(of: "}") ?? json.output.startIndex)]))
    #expect(document["matches"] == false && document["auto_create_topics"] == "enabled")
    #expect(
      document["changes"] == [
        [
          "action": "create", "topic": .string("a-\(run)"), "before": nil,
          "after": ["partitions": 2, "replication_factor": 1, "config": [:]],
        ]
      ])
    let yaml = try await command("plan", "--yaml")
    #expect(yaml.output.contains("changes:\n  - action: create\n    topic: a-\(run)"), "\(yaml.output)")
    #expect(try await command("plan", "--yaml", "--json").code == 2)
  }

  @Test func permissionsAreShownAndABrokerWithoutAccessControlSaysSo() async throws {
    try folder.declare("  - {name: requests, partitions: 1}\n  - {name: responses, partitions: 1}\n")
    let shown = try await command("acl", "show", "--principal", "clients=User:web")
    #expect(shown.code == 0 && shown.output.contains("User:web") && shown.output.contains("User:runtime-main"), "\(shown.output)")
    #expect(!shown.output.contains("User:clients"))
    // The development broker shows an empty list, and refuses to add to it.
    #expect(try await command("acl", "plan", "--fail-on-drift").code == 3)
    let apply = try await command("acl", "apply", "--prune")
    #expect(apply.code == 4 && apply.output.contains("the broker has no access control"), "\(apply.output)")
    #expect(try await command("acl", "plan", "--principal", "nobody=User:x").code == 2)
    #expect(try await command("acl", "plan", "--prune").code == 2)
    #expect(try await command("acl", "drop").code == 2)
  }

  @Test func whatIsRefusedIsSaidAndIsNoSuccess() async throws {
    try folder.declare("  - {name: a-\(run), partitions: 3}\n  - {name: p-\(run), partitions: 1, protected: true}\n")
    #expect(try await command("apply").code == 0)
    try folder.declare("  - {name: a-\(run), partitions: 1}\n  - {name: p-\(run), partitions: 2, protected: true}\n")
    let apply = try await command("apply")
    #expect(apply.code == 1 && apply.output.contains("never takes partitions away"), "\(apply.output)")
    #expect(apply.output.contains("--allow-protected"))
    #expect(try await folder.partitions("p-\(run)") == 1)
    #expect(try await command("plan", "--fail-on-drift").code == 3)
    #expect(try await command("apply", "--allow-protected").code == 1, "the other refusal stays")
    #expect(try await folder.partitions("p-\(run)") == 2)
  }

  @Test func oneOfFortyFailsAndTheNextRunMakesIt() async throws {
    func declare(_ value: String) throws {
      let lines = (0..<40).map {
        "  - {name: f\($0)-\(run), partitions: 1, config: {retention.ms: '\($0 == 17 ? value : "900000")'}}\n"
      }
      try folder.declare(lines.joined())
    }
    try declare("soon")
    let first = try await command("apply")
    #expect(first.code == 1 && first.output.contains("39 changed, 1 failed"), "\(first.output)")
    #expect(first.output.contains("FAILED") && first.output.contains("f17-\(run)") && first.output.contains("Invalid value soon"))
    try declare("900000")
    let second = try await command("apply")
    #expect(second.code == 0 && second.output.contains("1 changed, 0 failed"), "\(second.output)")
  }

  @Test func twoAtOnceAreAsGoodAsOne() async throws {
    try folder.declare((0..<10).map { "  - {name: t\($0)-\(run), partitions: 2}\n" }.joined())
    #expect(try await command("apply").code == 0)
    try folder.declare((0..<20).map { "  - {name: t\($0)-\(run), partitions: 4, config: {retention.ms: '900000'}}\n" }.joined())
    let environment = try folder.environment()
    let processes = try (0..<2).map { _ in try Process("topic-manager", ["apply"], environment: environment) }
    for process in processes { #expect(try await process.exitCode(within: .seconds(60)) == 0, "\(process.output)") }
    for index in 0..<20 { #expect(try await folder.partitions("t\(index)-\(run)") == 4) }
  }

  @Test func anEnvironmentsOverlayIsInForceThereAndNowhereElse() async throws {
    try folder.declare("  - {name: a-\(run), partitions: 1}\n")
    try folder.overlay("staging", "topics:\n  - {name: a-\(run), partitions: 5, config: {retention.ms: 700000}}\n")
    #expect(try await command("plan").output.contains("1 partition,"))
    let staging = try await command("apply", environment: ["ONEX_ENVIRONMENT": "staging"])
    #expect(staging.code == 0 && staging.output.contains("5 partitions, 1 replica, retention.ms=700000"), "\(staging.output)")
    try folder.overlay("staging", "topics:\n  - {name: a-\(run), config: {cleanup.policy: compact}}\n  - {name: b-\(run)}\n")
    let refused = try await command("apply", environment: ["ONEX_ENVIRONMENT": "staging"])
    #expect(refused.code == 1 && refused.output.contains("staging.yaml:2:"), "\(refused.output)")
    let strange = "staging.yaml:3:5: INVALID_FIELD: the topic b-\(run) is not declared"
    #expect(refused.output.contains(strange), "every problem at once: \(refused.output)")
  }

  @Test func strictRefusesABrokerThatMakesTopicsByItself() async throws {
    try folder.declare("  - {name: a-\(run), partitions: 1}\n")
    #expect(try await command("plan", "--strict").code == 1)
    let apply = try await command("apply", "--strict")
    #expect(apply.code == 1 && apply.output.contains("nothing was applied"), "\(apply.output)")
    #expect(try await folder.partitions("a-\(run)") == nil)
  }

  @Test func withoutABrokerThatAnswersTheEndIsSoonAndSaysWhy() async throws {
    try folder.declare("  - {name: a-\(run), partitions: 1}\n")
    let nobody = try await command("plan", "--timeout", "1", environment: ["KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"])
    #expect(nobody.code == 1 && nobody.output.contains("is KAFKA_BOOTSTRAP_SERVERS right"), "\(nobody.output)")
    let silent = try SilentListener()
    let mute = try await command("apply", "--timeout", "1", environment: ["KAFKA_BOOTSTRAP_SERVERS": silent.address])
    #expect(mute.code == 1 && mute.output.contains("BROKER_"), "\(mute.output)")
  }

  @Test func mistakesOfTheCallerHaveTheirCodes() async throws {
    #expect(try await command("plan", "--fail-on-drfit").code == 2)
    let unknown = try await command("aply")
    #expect(unknown.code == 2 && unknown.output.contains("did you mean apply?"), "\(unknown.output)")
    #expect(try await command("help", "plan").code == 0)
    let broken = try await command("plan", environment: ["KAFKA_BOOTSTRAP_SERVERS": "nowhere", "ONEX_ENVIRONMENT": "A B"])
    #expect(broken.code == 1 && broken.output.contains("KAFKA_BOOTSTRAP_SERVERS") && broken.output.contains("ONEX_ENVIRONMENT"))
    try folder.declare("  - {name: 'bad name', partitions: 0}\n  - {name: x-\(run), partitons: 3}\n")
    let invalid = try await command("plan")
    #expect(invalid.code == 1 && invalid.output.contains("partitons") && invalid.output.contains("topics[0].name"))
  }

  @Test func aTopicIsDescribedWithItsGroupsAndTheirLag() async throws {
    let topic = "d-\(run)"
    try folder.declare("  - {name: \(topic), partitions: 2, owner: somebody}\n")
    #expect(try await command("apply").code == 0)
    let client = try Client()
    try await client.publish((0..<5).map { OutboundRecord(topic: topic, partition: 1, key: nil, value: Bytes("\($0)")) })
    let connection = KafkaConnection(
      bootstrapServers: [try TestEnvironment.value("KAFKA_BOOTSTRAP_SERVERS")], clientID: "end-to-end")
    let consumer = try KafkaEventBus(connection).consumer(OnexCore.Subscription(topics: [topic], group: "g-\(run)"))
    _ = try await TestEnvironment.eventually("records come") {
      await consumer.poll(PollLimit()).contains { if case .records = $0 { true } else { false } } ? true : nil
    }
    try consumer.storeOffsets([TopicPartition(topic, 1): 2])
    try await consumer.commit()
    await consumer.close()
    let table = try await command("describe", topic)
    #expect(table.code == 0 && table.output.contains("owned by somebody") && table.output.contains("g-\(run)"), "\(table.output)")
    let json = try JSONValue.parse(Bytes(try await command("describe", topic, "--json").output))
    let described = try #require(json.array?.first)
    #expect(described["partitions"]?.array?[1]["records"] == 5)
    // A group that begins at the start commits that it does, so that records deleted meanwhile are noticed.
    let groups = described["groups"]?.array ?? []
    #expect(groups.contains(["group": .string("g-\(run)"), "partition": 1, "committed_offset": 2, "lag": 3]), "\(groups)")
    #expect(groups.allSatisfy { $0["partition"] == 1 || $0["lag"] == 0 }, "\(groups)")
    let missing = try await command("describe", "no-\(run)")
    #expect(missing.code == 1 && missing.output.contains("does not exist"))
  }

  /// Two seconds are the promise; a machine that builds meanwhile gets some more.
  @Test func aThousandTopicsArePlannedAtOnce() async throws {
    let broker = try await PrivateBroker()
    let lines = (0..<1000).map { "  - {name: t\($0), partitions: 1, config: {retention.ms: '900000'}}\n" }
    try folder.declare(lines.joined())
    let servers = ["KAFKA_BOOTSTRAP_SERVERS": broker.address]
    #expect(try await command("apply", environment: servers).code == 0)
    let clock = SystemClock()
    let start = clock.uptime()
    let plan = try await command("plan", "--fail-on-drift", environment: servers)
    let took = clock.uptime() - start
    #expect(plan.code == 0 && plan.output.contains("1000 topics declared"), "\(plan.output.suffix(500))")
    #expect(took < .seconds(6), "took \(took)")
    await broker.remove()
  }
}
