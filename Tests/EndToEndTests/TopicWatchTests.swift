import OnexCore
import OnexJSON
import OnexKafka
import ProcessTestSupport
import Testing

/// `topic-manager watch`, the service.
@Suite(.timeLimit(.minutes(3))) struct TopicWatchTests {
  private let folder: TopicFolder
  private var run: String { folder.run }
  private static let changed = "onex.evt.platform.topic-changed.v1"

  init() throws { folder = try TopicFolder() }

  private func service(_ arguments: [String] = []) throws -> RunningService {
    var settings = try folder.environment()
    settings["ONEX_HEALTH_PORT"] = nil
    // Changed contracts must not wait for the next comparison.
    settings["ONEX_TOPIC_CHECK_SECONDS"] = "3600"
    settings["ONEX_TOPIC_CONTRACTS_SECONDS"] = "1"
    return try RunningService("topic-manager", arguments: arguments, settings: settings)
  }

  private func declare(_ lines: String) throws {
    try folder.declare("  - {name: \(Self.changed), partitions: 1, cloudevents: binary}\n" + lines)
  }

  private func event(_ change: String, of topic: String, _ client: Client) async throws -> ConsumedRecord {
    try await TestEnvironment.eventually("the event \(change) of \(topic)") {
      try await client.everything(in: Self.changed).first { record in
        record.key?.text == topic && (try? JSONValue.parse(record.value ?? ""))?["change"]?.string == change
      }
    }
  }

  @Test func changedContractsAreActedOnAndEveryChangeIsAnEvent() async throws {
    let (topic, client) = ("w-\(run)", try Client())
    try declare("  - {name: \(topic), partitions: 1, config: {retention.ms: '900000'}}\n")
    let service = try await service(["watch"]).untilReady()
    #expect(try await folder.partitions(topic) == 1)
    let created = try await event("created", of: topic, client)
    #expect(created.headers.contains { $0.name == "ce_type" && $0.value?.text == Self.changed })
    try declare("  - {name: \(topic), partitions: 3, config: {retention.ms: '800000'}}\n")
    let grown = try JSONValue.parse(try #require(try await event("partitions_grown", of: topic, client).value))
    #expect(grown["before"] == ["partitions": 1] && grown["after"] == ["partitions": 3])
    let altered = try JSONValue.parse(try #require(try await event("config_changed", of: topic, client).value))
    #expect(altered["after"] == ["config": ["retention.ms": "800000"]])
    #expect(altered["correlation_id"] == grown["correlation_id"], "one run, one correlation")
    #expect(try await folder.partitions(topic) == 3)
    #expect(try await service.stop() == 0)
  }

  @Test func driftIsShownInHealthAndNothingIsChanged() async throws {
    let topic = "w-\(run)"
    try declare("  - {name: \(topic), partitions: 3}\n")
    let service = try await service().untilReady()
    #expect(try await service.get("/health")?.body["status"] == "healthy")
    try declare("  - {name: \(topic), partitions: 1}\n")
    let health = try await TestEnvironment.eventually("the drift is seen") {
      let body = try await service.get("/health")?.body
      return body?["status"] == "degraded" ? body : nil
    }
    #expect(health["reasons"]?.array?.first?["code"] == "TOPICS_DRIFTED")
    let details = try #require(health["details"]?["topics"])
    #expect(details["matches"] == false && details["last_run"]?.string != nil)
    #expect(details["drift"]?.array?.first?.string?.contains("never takes partitions away") == true)
    #expect(details["auto_create_topics"] == "enabled")
    #expect(try await service.get("/ready")?.status == 200, "the topic can be used")
    #expect(try await folder.partitions(topic) == 3)
    #expect(try await service.stop() == 0)
  }

  @Test func whileTheOverlayIsWrongNothingIsChanged() async throws {
    let topic = "w-\(run)"
    try folder.overlay("development", "topics:\n  - {name: \(topic), partitions: none}\n")
    try declare("  - {name: \(topic), partitions: 3}\n")
    let service = try service()
    let health = try await TestEnvironment.eventually("the problem is shown") {
      let body = try await service.get("/ready")?.body
      return body?["reasons"]?.array?.contains { $0["code"] == "DECLARATIONS_INVALID" } == true ? body : nil
    }
    #expect(health["status"] == "not_ready")
    try folder.overlay("development", "topics:\n  - {name: \(topic), partitions: 2}\n")
    try await service.untilReady()
    #expect(try await folder.partitions(topic) == 2)
    #expect(try await service.stop() == 0)
  }

  @Test func strictIsNotReadyAndChangesNothing() async throws {
    let topic = "w-\(run)"
    try declare("  - {name: \(topic), partitions: 3}\n")
    let service = try service(["watch", "--strict"])
    _ = try await TestEnvironment.eventually("the reason is shown") {
      let body = try await service.get("/ready")?.body
      return body?["reasons"]?.array?.contains { $0["code"] == "BROKER_CREATES_TOPICS" } == true ? true : nil
    }
    #expect(try await folder.partitions(topic) == nil)
    #expect(try await service.stop() == 0)
  }

  @Test func theJobSucceedsOnlyWhenTheClusterIsWhatIsDeclared() async throws {
    let topic = "w-\(run)"
    let environment = try folder.environment()
    try declare("  - {name: \(topic), partitions: 3}\n")
    #expect(try await Process.run("topic-manager", ["watch", "--once"], environment: environment).code == 0)
    try declare("  - {name: \(topic), partitions: 2}\n")
    let refused = try await Process.run("topic-manager", ["--once"], environment: environment)
    #expect(refused.code == 78 && refused.output.contains("never takes partitions away"), "\(refused.output)")
  }
}
