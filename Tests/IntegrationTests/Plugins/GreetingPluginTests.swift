import OnexCore
import OnexJSON
import Testing

@testable import OnexKernel

/// The plug-in example, built as its author would build it and loaded by the real host.
@Suite(.timeLimit(.minutes(10))) struct GreetingPluginTests {
  @Test func theExampleGreets() async throws {
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

  @Test func theExamplesContractsHold() {
    for example in ["greeting-plugin", "greeting-worker"] {
      let catalogue = ContractDirectory.load("\(CPlugins.repository)/Examples/\(example)/contracts")
      #expect(catalogue.problems.map(\.description) == [])
      #expect(catalogue.contracts.count == 1)
    }
  }
}
