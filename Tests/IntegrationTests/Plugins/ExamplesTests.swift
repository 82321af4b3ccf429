import OnexCore
import OnexJSON
import Testing

@testable import OnexKernel

/// The packages under `Examples/`, built as their authors would build them.
@Suite(.timeLimit(.minutes(10))) struct ExamplesTests {
  @Test func thePluginExampleGreetsInTheRealHost() async throws {
    let folder = try await ExamplePackage.build("greeting-plugin")
    let found = PluginDirectory.load(folder)
    #expect(found.failures.map(\.error.description) == [])
    #expect(found.modules.map(\.name) == ["Greetings"])
    #expect(found.modules.first?.typeNames == ["Hello"])

    let stage = try PluginStage(found, "Greetings.Hello")
    #expect(try JSONValue.parse(try await stage.answer("{\"name\":\"Ada\"}")) == ["greeting": "Hello, Ada!"])

    let empty = try await stage.error("{\"name\":\"\"}")
    #expect(empty.code == .schemaViolation)
    #expect(empty.message == "name is empty: say whom to greet")
    let wrong = try await stage.error("{\"name\":3}")
    #expect(wrong.code == .handlerFailed)
    #expect(wrong.message.hasPrefix("the handler threw DecodingError"), "\(wrong.message)")
  }

  @Test func theWorkerExampleIsARuntimeWorker() async throws {
    let worker = "\(try await ExamplePackage.build("greeting-worker"))/runtime-worker"
    let folder = try TemporaryFolder()
    let version = try Program.run([worker, "--version"], output: "\(folder.path)/version")
    #expect(version.hasPrefix("runtime-worker "), "\(version)")
  }

  @Test func theExamplesContractsHold() {
    for example in ["greeting-plugin", "greeting-worker"] {
      let catalogue = ContractDirectory.load("\(CPlugins.repository)/Examples/\(example)/contracts")
      #expect(catalogue.problems.map(\.description) == [])
      #expect(catalogue.contracts.count == 1)
    }
  }
}
