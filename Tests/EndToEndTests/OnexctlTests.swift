import OnexCore
import OnexJSON
import ProcessTestSupport
import Testing

@Suite(.timeLimit(.minutes(3))) struct OnexctlTests {
  private var environment: [String: String] { ["ONEX_CONTRACTS_DIR": TestEnvironment.repository + "/contracts"] }

  @Test func tryAnswersWithoutBrokerOrDatabase() async throws {
    let good = try await Process.run(
      "onexctl", ["try", "aggregate.mean", #"{"values":[1,2,3]}"#, "--json"], environment: environment)
    #expect(good.code == 0, "\(good.output)")
    #expect(try JSONValue.parse(Bytes(good.output))["payload"]?["value"]?.double == 2)
    let bad = try await Process.run("onexctl", ["try", "aggregate.mean", #"{"values":"x"}"#], environment: environment)
    #expect(bad.code == 1 && bad.output.contains("SCHEMA_VIOLATION") && bad.output.contains("/values"))
  }

  @Test func aMistypedTopicIsCalledOne() async throws {
    let result = try await Process.run(
      "onexctl", ["request", "compute.echo", "--topic", "requets"],
      environment: ["KAFKA_BOOTSTRAP_SERVERS": TestEnvironment.value("KAFKA_BOOTSTRAP_SERVERS")])
    #expect(result.code == 64, "\(result.output)")
    #expect(result.output.contains("the topic requets does not exist") && !result.output.contains("KAFKA_BOOTSTRAP_SERVERS"))
  }

  @Test func requestWithoutABrokerSaysWhatToDo() async throws {
    let clock = SystemClock()
    let begin = clock.uptime()
    let result = try await Process.run(
      "onexctl", ["request", "compute.echo", "--timeout", "1"], environment: ["KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"])
    #expect(result.code == 69, "\(result.output)")
    #expect(clock.uptime() - begin < .seconds(4), "no longer than --timeout says")
    #expect(result.output.contains("127.0.0.1:1") && result.output.contains("KAFKA_BOOTSTRAP_SERVERS"))
  }

  @Test(arguments: [
    ["reqest", "a.b"], ["request"], ["request", "NOPE"], ["request", "a.b", "[1]"], ["request", "a.b", "{"],
    ["request", "a.b", "--timout", "3"], ["tail"], ["contracts", "lent"], ["dlq"],
    ["dlq", "lst"], ["dlq", "show", "requests.dlq"], ["dlq", "stats", "--yes"], ["dlq", "list", "--since", "soon"],
    ["try", "a.b", "{}", "--timeout", "soon"],
  ])
  func whatIsMistypedIsExplained(_ arguments: [String]) async throws {
    let result = try await Process.run("onexctl", arguments, environment: environment)
    #expect(result.code == 64, "\(result.output)")
    #expect(!result.output.isEmpty)
  }

  @Test func lintAcceptsTheShippedContracts() async throws {
    let result = try await Process.run("onexctl", ["contracts", "lint"], environment: environment)
    #expect(result.code == 0, "\(result.output)")
    let missing = try await Process.run("onexctl", ["contracts", "lint", "/nonexistent"], environment: environment)
    #expect(missing.code == 65 && missing.output.contains("CONTRACT_NOT_FOUND"))
  }

  /// Each example that it prints is answered by the handler.
  @Test func everyShippedOperationIsListedWithAnExampleThatWorks() async throws {
    let list = try await Process.run("onexctl", ["operations", "--json"], environment: environment)
    let operations = try #require(try JSONValue.parse(Bytes(list.output)).array)
    #expect(operations.contains { $0["operation"] == "compute.echo" })
    for operation in operations where operation["kind"] == "compute" {
      let name = try #require(operation["operation"]?.string)
      let example = try #require(operation["example"])
      let answer = try await Process.run("onexctl", ["try", name, example.encoded().text], environment: environment)
      #expect(answer.code == 0, "\(name) \(example.encoded().text): \(answer.output)")
    }
    let one = try await Process.run("onexctl", ["operations", "compute.ech"], environment: environment)
    #expect(one.code == 64 && one.output.contains("did you mean \"compute.echo\"?"), "\(one.output)")
  }

  @Test func healthOfNobodyIsSaidWithAnExitCode() async throws {
    let port = String(TestEnvironment.freePort())
    let result = try await Process.run(
      "onexctl", ["health", "--json"],
      environment: [
        "RUNTIME_MAIN_PORT": port, "RUNTIME_EFFECTS_PORT": port, "RUNTIME_WORKER_PORTS": port,
        "AGENT_ACTIONS_CONSUMER_PORT": port, "TOPIC_MANAGER_PORT": port,
      ])
    #expect(result.code == 69)
    #expect(try JSONValue.parse(Bytes(result.output)).array?.count == 5)
  }
}
