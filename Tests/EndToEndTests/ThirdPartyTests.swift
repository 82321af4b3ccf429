import Glibc
import OnexCore
import OnexJSON
import OnexKafka
import ProcessTestSupport
import Testing

/// The packages under `Examples/`, built as a third party builds them and run on a real broker.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ThirdPartyTests {
  private let run = RandomIDSource().next().description

  /// - Returns: the folder with what was built.
  private func build(_ example: String) async throws -> String {
    let arguments = [
      "swift", "build", "--package-path", "\(TestEnvironment.repository)/Examples/\(example)", "--scratch-path",
      "\(TestEnvironment.repository)/.build-examples/\(example)",
    ]
    let home = ["HOME": TestEnvironment.optional("HOME") ?? "/root"]
    let built = try await Process.run("/usr/bin/env", arguments, environment: home, within: .seconds(500))
    guard built.code == 0 else { throw TestFailure("\(example) is not built: \(built.output)") }
    let path = try await Process.run("/usr/bin/env", arguments + ["--show-bin-path"], environment: home)
    return String(path.output.split(separator: "\n").last ?? "")
  }

  /// Answers a request through the worker over topics of its own.
  private func answer(
    _ operation: String, executable: String? = nil, contracts: String, settings: [String: String] = [:]
  ) async throws -> JSONValue {
    let (input, output) = ("third-party-in-\(run)", "third-party-out-\(run)")
    let connection = KafkaConnection(
      bootstrapServers: [try TestEnvironment.value("KAFKA_BOOTSTRAP_SERVERS")], clientID: "end-to-end")
    _ = try await KafkaAdmin(connection).create(
      [input, output, input + ".dlq"].map { .init(name: $0, partitions: 1, replicationFactor: 1) })
    var all = ["ONEX_INPUT_TOPIC": input, "ONEX_OUTPUT_TOPIC": output, "ONEX_CONTRACTS_DIR": contracts]
    all.merge(settings) { _, own in own }
    let worker = try RunningService("runtime-worker", executable: executable, run: run, settings: all)
    try await worker.untilReady()
    let response = try await Client().ask(operation, #"{"name":"Ada"}"#, topic: input, responses: output)
    #expect(try await worker.stop() == 0, "\(worker.process.output)")
    return response
  }

  @Test func aPluginIsLoadedByTheStockWorkerAndAnswersOverKafka() async throws {
    let products = try await build("greeting-plugin")
    let plugins = "\(TestEnvironment.scratch)/plugins-\(run)"
    mkdir(plugins, 0o755)
    let copied = try await Process.run("/bin/cp", ["\(products)/libGreetings.so", plugins])
    guard copied.code == 0 else { throw TestFailure("\(plugins) cannot be written: \(copied.output)") }
    let response = try await answer(
      "greetings.hello", contracts: "\(TestEnvironment.repository)/Examples/greeting-plugin/contracts",
      settings: ["ONEX_PLUGINS_DIR": plugins])
    #expect(response["payload"]?["greeting"] == "Hello, Ada!", "\(response)")
  }

  @Test func aWorkerOfTenLinesAnswersOverKafka() async throws {
    let products = try await build("greeting-worker")
    let response = try await answer(
      "greet.good_day", executable: "\(products)/runtime-worker",
      contracts: "\(TestEnvironment.repository)/Examples/greeting-worker/contracts")
    #expect(response["payload"]?["greeting"] == "Good day, Ada.", "\(response)")
  }
}
