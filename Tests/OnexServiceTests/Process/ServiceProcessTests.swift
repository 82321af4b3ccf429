import Glibc
import OnexCore
import OnexHTTP
import OnexJSON
import Testing

/// The chassis as an operator and a container engine meet it: a process with arguments, signals and an exit code.
@Suite struct ServiceProcessTests {
  private let environment = ["ONEX_HEALTH_PORT": "0", "POSTGRES_PASSWORD": "hunter2"]

  private func child(_ arguments: String..., mode: String = "serve", drainTimeoutSeconds: Int = 3600) throws -> ChildProcess {
    var values = environment
    values["PROBE_MODE"] = mode
    values["ONEX_DRAIN_TIMEOUT_SECONDS"] = String(drainTimeoutSeconds)
    return try ChildProcess(arguments, values)
  }

  private func port(of child: ChildProcess) async throws -> Int {
    let line = try await child.waitForLine("\"message\":\"starting\"")
    return Int(try #require(try JSONValue.parse(Bytes(line))["health_port"]?.integer))
  }

  private func ready(_ port: Int) async throws -> (status: Int, body: JSONValue) {
    let response = try await CurlHTTPClient().send(HTTPClientRequest(method: "GET", url: "http://127.0.0.1:\(port)/ready"))
    return (response.status, try JSONValue.parse(response.body))
  }

  @Test(arguments: [SIGTERM, SIGINT])
  func aSignalEndsAnIdleServiceWithZero(signal: Int32) async throws {
    let child = try child()
    let port = try await port(of: child)
    _ = try await child.waitForLine("running")
    #expect(try await ready(port).status == 200)
    child.send(signal)
    let end = try await child.end()
    #expect(end.code == 0, "\(end)")
    #expect(end.output.contains("\"message\":\"stopped\"") && end.error.isEmpty)
  }

  /// One that did not would die of it: no handler is installed anywhere.
  @Test func everyThreadButTheMainOneKeepsTheSignalsBack() async throws {
    let child = try child()
    _ = try await child.waitForLine("running")
    let blocked = try child.blockedSignalsOfOtherThreads()
    #expect(!blocked.isEmpty)
    for signal in [SIGTERM, SIGINT] {
      #expect(blocked.allSatisfy { $0 & 1 << UInt64(signal - 1) != 0 }, "\(blocked.map { String($0, radix: 16) })")
    }
    child.send(SIGTERM)
    #expect(try await child.end().code == 0)
  }

  @Test func theHealthEndpointIsOpenWhileBootstrapWaitsAndASignalEndsTheWait() async throws {
    let child = try child(mode: "wait")
    let port = try await port(of: child)
    _ = try await child.waitForLine("waiting")
    let answer = try await ready(port)
    #expect(answer.status == 503)
    #expect(answer.body["phase"] == "starting" && answer.body["step"] == "probe")
    child.send(SIGTERM)
    #expect(try await child.end().code == 0)
  }

  @Test func aDrainThatTimesOutEndsWith70AndNamesWhatWasLeft() async throws {
    let child = try child(mode: "hang", drainTimeoutSeconds: 1)
    _ = try await child.waitForLine("running")
    child.send(SIGTERM)
    let end = try await child.end()
    #expect(end.code == 70)
    #expect(end.output.contains("\"message\":\"drain timed out\",\"in_flight\":3"))
  }

  @Test func theHealthEndpointAnswersWhileDrainingAndASecondSignalEndsAtOnce() async throws {
    let child = try child(mode: "hang")
    let port = try await port(of: child)
    _ = try await child.waitForLine("running")
    child.send(SIGTERM)
    _ = try await child.waitForLine("draining")
    let answer = try await ready(port)
    #expect(answer.status == 503 && answer.body["phase"] == "draining")
    child.send(SIGTERM)
    let end = try await child.end()
    #expect(end.code == 70)
    #expect(end.output.contains("second signal"))
  }

  @Test func handlersThatNeverReturnCannotKeepTheProcessAliveOrSilent() async throws {
    let child = try child(mode: "block", drainTimeoutSeconds: 0)
    let port = try await port(of: child)
    _ = try await child.waitForLine("occupied")
    #expect(try await ready(port).status == 200)
    child.send(SIGTERM)
    let end = try await child.end()
    #expect(end.code == 70)
    #expect(end.output.contains("drain timed out"))
  }

  @Test func anUnavailableDependencyEndsWith69() async throws {
    let end = try await child(mode: "unavailable").end()
    #expect(end.code == 69)
    #expect(end.output.contains("the probe's dependency is away"))
  }

  @Test func anUnexpectedErrorEndsWith70() async throws {
    let end = try await child(mode: "crash").end()
    #expect(end.code == 70)
    #expect(end.output.contains("the probe crashed"))
  }

  @Test func aBusyPortEndsWith69AndNamesPortAndVariable() async throws {
    let first = try child()
    let port = try await port(of: first)
    let second = try ChildProcess([], environment.merging(["ONEX_HEALTH_PORT": String(port)]) { $1 })
    let end = try await second.end()
    #expect(end.code == 69)
    #expect(end.error.contains("port \(port) on 127.0.0.1 is in use") && end.error.contains("ONEX_HEALTH_PORT"))
    first.send(SIGTERM)
    #expect(try await first.end().code == 0)
  }

  @Test func aJobOpensNoPortAndEndsByItself() async throws {
    let first = try child()
    let port = try await port(of: first)
    let job = try ChildProcess(["--once"], environment.merging(["ONEX_HEALTH_PORT": String(port)]) { $1 })
    #expect(try await job.end().code == 0)
    first.send(SIGTERM)
    #expect(try await first.end().code == 0)
  }

  @Test(arguments: [[], ["--check-config"], ["--print-config"], ["--once"]])
  func invalidConfigurationEndsWith78AndEveryProblemAtOnce(arguments: [String]) async throws {
    let values = [
      "PROBE_MODE": "x", "KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_PASSWORD": "__REPLACE_WITH_PASSWORD__",
      "OTHER": "__REPLACE_WITH_OTHER__",
    ]
    let end = try await ChildProcess(arguments, values).end()
    #expect(end.code == 78 && end.output.isEmpty)
    for variable in ["PROBE_MODE", "KAFKA_SASL_PASSWORD", "POSTGRES_PASSWORD", "OTHER"] { #expect(end.error.contains(variable)) }
    #expect(!end.error.contains("__REPLACE_WITH_PASSWORD__"))
  }

  @Test func questionsAreAnsweredOnStandardOutput() async throws {
    #expect(try await child("--check-config").end() == (0, "probe-service: the configuration is valid\n", ""))
    #expect(try await child("--version").end() == (0, "probe-service 0.1.0\n", ""))
    let help = try await child("--help").end()
    for text in ["Usage: probe-service", "--once", "PROBE_MODE", "POSTGRES_PASSWORD", "78"] {
      #expect(help.output.contains(text))
    }
    let json = try await child("--print-config", "--json").end()
    #expect(try JSONValue.parse(Bytes(json.output))["service"] == "probe-service")
    #expect(json.code == 0 && !json.output.contains("hunter2"))
  }

  @Test func anUnknownArgumentIsMisuse() async throws {
    let end = try await child("--twice").end()
    #expect(end.code == 64)
    #expect(end.error == "probe-service: unknown argument \"--twice\"; see --help\n")
  }
}
