import OnexCore
import Testing

@testable import OnexKernel

/// Workflows beside the contracts whose operations they call.
@Suite struct WorkflowCatalogueTests {
  private let folder = ContractsFolder()

  init() {
    folder.write(
      "hash/contract.yaml", "handler_name: hash\nhandler_class: M.Hash\nhandler_type: compute\noperations: [hash.sha256]\n")
    folder.write("files/contract.yaml", "handler_name: files\nhandler_class: M.Files\nhandler_type: effect\n")
    folder.write(
      "counter/contract.yaml",
      "handler_name: counter\nhandler_class: M.Counter\nhandler_type: reducer\noperations: [counter.add]\n")
  }

  private func shown(_ steps: String) -> [String] {
    folder.write(
      "late/contract.yaml",
      "handler_name: late\nhandler_type: orchestrator\noperations: [late.run]\nworkflow:\n  steps:\n\(steps)\n")
    return folder.shown(folder.load().problems)
  }

  @Test func stepsThatAreAnsweredAreAccepted() {
    let steps = """
          - {name: a, operation: hash.sha256}
          - name: b
            operation: files.write
            needs: [a]
            input: {x: $.steps.a.output.hex}
            compensate: {operation: files.delete, input: {x: $.steps.a.output.hex, y: $.steps.b.output.path, z: $.input.z}}
      """
    #expect(shown(steps) == [])
    #expect(folder.load().contracts.map(\.name) == ["counter", "files", "hash", "late"])
  }

  @Test(arguments: [
    (
      "    - name: a\n      operation: hash.sha265", "late/contract.yaml:7:18: INVALID_FIELD",
      "no contract answers the operation hash.sha265; did you mean \"hash.sha256\"?"
    ),
    (
      "    - name: a\n      operation: nobody.knows", "late/contract.yaml:7:18: INVALID_FIELD",
      "no contract answers the operation nobody.knows"
    ),
    ("    - {name: a, operation: late.run}", "late/contract.yaml:6:28: INVALID_FIELD", "late.run is of kind orchestrator"),
    ("    - {name: a, operation: counter.add}", "late/contract.yaml:6:28: INVALID_FIELD", "counter.add is of kind reducer"),
    (
      "    - {name: a, operation: hash.sha256, compensate: {operation: late.run}}", "late/contract.yaml:6:65: INVALID_FIELD",
      "late.run is of kind orchestrator"
    ),
    (
      "    - {name: a, operation: hash.sha256, compensate: {operation: files.x, input: {v: $.steps.b.output.x}}}\n    - {name: b, operation: hash.sha256, needs: [a]}",
      "late/contract.yaml:6:85: INVALID_FIELD", "the compensation of a refers to the output of b, which need not have run by then"
    ),
    (
      "    - {name: a, operation: hash.sha256}\n    - {name: b, operation: hash.sha256, compensate: {operation: files.x, input: [{v: $.steps.a.output}]}}",
      "late/contract.yaml:7:86: INVALID_FIELD", "the compensation of b refers to the output of a, which need not have run by then"
    ),
  ])
  func aStepThatCanNeverWorkIsAProblemWithItsPlace(_ steps: String, _ place: String, _ words: String) {
    let problems = shown(steps)
    #expect(problems.count == 1 && problems[0].hasPrefix(place) && problems[0].contains(words), "\(problems)")
    let catalogue = folder.load()
    #expect(catalogue.failed.map(\.name) == ["late"] && catalogue.router.routes.allSatisfy { $0.operation != "late.run" })
  }

  /// The cause is named, which is the other file.
  @Test func anOperationOfARefusedContractSaysWhichOneThatIs() {
    folder.write(
      "hash/contract.yaml", "handler_name: hash\nhandler_class: nonsense\nhandler_type: compute\noperations: [hash.sha256]\n")
    let problems = shown("    - {name: a, operation: hash.sha256}")
    #expect(
      problems.contains { $0.contains("hash.sha256 is answered by hash/contract.yaml, which is refused itself") }, "\(problems)")
  }

  @Test func thePredecessorsOfAStepAreAllThatSucceededBefore() throws {
    let operation = try #require(Operation("a.b"))
    let call = WorkflowDefinition.Call(operation: operation, input: WorkflowTemplate(["x": 1]))
    let definition = WorkflowDefinition(steps: [
      .init(name: "c", call: call, needs: ["b"]), .init(name: "a", call: call), .init(name: "b", call: call, needs: ["a"]),
      .init(name: "x", call: call, needs: ["y"]), .init(name: "y", call: call, needs: ["x"]),
    ])
    #expect(definition.predecessors == ["a": [], "b": ["a"], "c": ["a", "b"], "x": ["y"], "y": ["x"]])
  }
}
