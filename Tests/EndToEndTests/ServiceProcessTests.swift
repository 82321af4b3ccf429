import Glibc
import OnexCore
import OnexJSON
import ProcessTestSupport
import Testing

/// What an operator meets who mistypes, unplugs or stops.
@Suite(.timeLimit(.minutes(3))) struct ServiceProcessTests {
  private static let services = ["runtime-main", "runtime-effects", "runtime-worker", "agent-actions-consumer", "topic-manager"]

  @Test(arguments: services) func everyConfigurationProblemIsReportedAtOnceAndNoSecret(_ name: String) async throws {
    let result = try await Process.run(
      name, ["--check-config"],
      environment: [
        "KAFKA_BOOTSTRAP_SERVERS": "no port", "OMNIBASE_INFRA_AGENT_ACTIONS_KAFKA_BOOTSTRAP_SERVERS": "no port",
        "ONEX_LOG_LEVEL": "LOUD", "ONEX_DRAIN_TIMEOUT_SECONDS": "-1", "POSTGRES_PASSWORD": "__REPLACE_WITH_PASSWORD__",
      ])
    #expect(result.code == 78)
    for variable in ["ONEX_LOG_LEVEL", "ONEX_DRAIN_TIMEOUT_SECONDS", "KAFKA_BOOTSTRAP_SERVERS", "POSTGRES_PASSWORD"] {
      #expect(result.output.contains(variable), "\(variable) in: \(result.output)")
    }
    #expect(!result.output.contains("REPLACE_WITH_PASSWORD"))
  }

  @Test(arguments: services) func versionAndHelpAnswer(_ name: String) async throws {
    #expect(try await Process.run(name, ["--version"]).code == 0)
    let help = try await Process.run(name, ["--help"])
    #expect(help.code == 0 && help.output.contains("Exit codes"))
    #expect(try await Process.run(name, ["--no-such-thing"]).code == 64)
  }

  @Test func secretsAreMaskedInThePrintedConfiguration() async throws {
    let result = try await Process.run(
      "agent-actions-consumer", ["--print-config"],
      environment: [
        "OMNIBASE_INFRA_AGENT_ACTIONS_POSTGRES_DSN": "postgresql://u:hunter2@127.0.0.1/db",
        "OMNIBASE_INFRA_AGENT_ACTIONS_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092", "KAFKA_SASL_PASSWORD": "hunter3",
      ])
    #expect(result.code == 0, "\(result.output)")
    #expect(!result.output.contains("hunter"))
  }

  @Test func aBusyHealthPortEndsWith69AndItsNumber() async throws {
    let first = try RunningService("runtime-worker", settings: ["KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"])
    _ = try await TestEnvironment.eventually("the endpoint is open") { try await first.get("/health") }
    let second = try await Process.run(
      "runtime-worker",
      environment: ["KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "ONEX_HEALTH_PORT": String(first.port)])
    #expect(second.code == 69)
    #expect(second.output.contains(String(first.port)) && second.output.contains("ONEX_HEALTH_PORT"))
  }

  @Test func withoutABrokerTheProcessIsHealthyNotReadyAndSaysWhy() async throws {
    let worker = try RunningService("runtime-worker", settings: ["KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"])
    let ready = try await TestEnvironment.eventually("the broker's absence is reported") {
      try await worker.get("/ready").flatMap { answer in
        let codes = answer.body["reasons"]?.array?.compactMap { $0["code"]?.string } ?? []
        return codes.contains("BROKER_UNREACHABLE") ? answer : nil
      }
    }
    #expect(ready.status == 503)
    let reason = ready.body["reasons"]?.array?.first { $0["code"] == "BROKER_UNREACHABLE" }
    #expect(reason?["since"]?.string != nil && reason?["runbook"] == "docs/operations/alerts.md#broker_unreachable")
    #expect(try await worker.get("/health")?.status == 200)
    #expect(try await worker.stop() == 0)
  }

  @Test func oneProcessHostsAllRolesInMemory() async throws {
    let main = try RunningService("runtime-main", settings: ["ONEX_EVENT_BUS_TYPE": "inmemory"])
    try await main.untilReady()
    let health = try #require(try await main.get("/healthz"))
    #expect(health.status == 200 && health.body["status"] == "healthy")
    #expect(health.body["details"]?["handlers"]?["registered"]?.integer ?? 0 > 0)
    #expect(try await main.stop() == 0)
  }

  @Test func topicManagerGivesUpWith69WhenThereIsNoBroker() async throws {
    let result = try await Process.run(
      "topic-manager", ["--once"],
      environment: [
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "ONEX_CONTRACTS_DIR": TestEnvironment.repository + "/contracts",
        "ONEX_TOPIC_ONCE_TIMEOUT_SECONDS": "1",
      ])
    #expect(result.code == 69, "\(result.output)")
  }
}
