import Glibc
import ProcessTestSupport
import Testing

/// What is wrong with contracts is said before a service joins its group with them.
@Suite(.timeLimit(.minutes(2))) final class ContractsCheckTests {
  private let folder: String

  init() throws {
    folder = try #require(mkdtemp(strdup("/tmp/onex-contracts.XXXXXX")).map { String(cString: $0) })
  }

  deinit {
    unlink(folder + "/handler_contract.yaml")
    rmdir(folder)
  }

  private func environment(_ contracts: String) -> [String: String] {
    [
      "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "ONEX_CONTRACTS_DIR": contracts, "POSTGRES_PASSWORD": "x",
      "ONEX_HEALTH_PORT": "0",
    ]
  }

  private func write(handlerClass: String) throws {
    let file = try #require(fopen(folder + "/handler_contract.yaml", "w"))
    fputs(
      """
      handler_name: quote
      handler_class: \(handlerClass)
      handler_type: compute
      operations: [price.quote]
      """, file)
    fclose(file)
  }

  @Test(arguments: ["runtime-main", "runtime-effects", "runtime-worker"])
  func withoutAnyContractNoGroupIsJoined(_ name: String) async throws {
    for path in [folder, folder + "/missing"] {
      let result = try await Process.run(name, environment: environment(path))
      #expect(result.code == 78, "\(result.output)")
      #expect(result.output.contains("ONEX_CONTRACTS_DIR is \(path)"), "\(result.output)")
    }
  }

  @Test func aTypoInAHandlerClassIsFoundBeforeTheServiceRuns() async throws {
    try write(handlerClass: "OnexCompute.EchoHandler")
    let valid = try await Process.run("runtime-worker", ["--check-contracts"], environment: environment(folder))
    #expect(valid.code == 0, "\(valid.output)")
    try write(handlerClass: "OnexCompute.EchoHandlr")
    let result = try await Process.run("runtime-worker", ["--check-contracts"], environment: environment(folder))
    #expect(result.code == 78)
    #expect(result.output.contains("CLASS_NOT_FOUND") && result.output.contains("EchoHandlr"), "\(result.output)")
  }

  @Test func aServiceWithNothingLeftToRunIsNotReady() async throws {
    try write(handlerClass: "OnexCompute.EchoHandlr")
    let worker = try RunningService("runtime-worker", settings: environment(folder).filter { $0.key != "ONEX_HEALTH_PORT" })
    _ = try await TestEnvironment.eventually("the handler's absence is reported") {
      try await worker.get("/ready").flatMap { answer in
        let codes = answer.body["reasons"]?.array?.compactMap { $0["code"]?.string } ?? []
        return answer.status == 503 && codes.contains("HANDLER_FAILED_TO_LOAD") ? true : nil
      }
    }
    _ = try await worker.stop()
  }
}
