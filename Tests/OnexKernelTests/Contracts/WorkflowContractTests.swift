import OnexCore
import Testing

@testable import OnexKernel

/// What a contract's `workflow` section may say.
@Suite struct WorkflowContractTests {
  private func check(_ steps: String, _ more: String = "") -> Result<HandlerContract, ContractProblems> {
    let text = "handler_name: order\nhandler_type: orchestrator\noperations: [order.place]\n\(more)workflow:\n  steps:\n\(steps)"
    return ContractDirectory.check(Bytes(text), file: "order.yaml", directory: ".")
  }

  @Test func needsFollowFromReferences() throws {
    let contract = try check(
      """
          - {name: first, operation: a.b}
          - {name: second, operation: a.b, input: {x: [$.steps.first.output.y.0]}}
          - {name: third, operation: a.b, needs: [first], input: {x: $.steps.second.output, price: $$5}}
      """
    ).get()
    let workflow = try #require(contract.workflow)
    #expect(workflow.steps.map(\.needs) == [[], ["first"], ["first", "second"]])
    #expect(contract.handlerClass.description == "OnexWorkflow.Workflow")
    let input = try workflow.steps[2].call.input.resolved { _ in ["a": 1] }
    #expect(input == ["x": ["a": 1], "price": "$5"])
  }

  @Test(arguments: [
    ("    - {name: a, operation: a.b, needs: [c]}", "there is no step \"c\""),
    (
      "    - {name: first, operation: a.b}\n    - {name: b, operation: a.b, input: $.steps.frist.output}",
      "did you mean \"first\"?"
    ),
    ("    - {name: a, operation: a.b, input: {x: $.inptu.y}}", "is no reference"),
    ("    - {name: a, operation: a.b, input: {x: $.steps.a}}", "is no reference"),
    (
      "    - {name: a, operation: a.b, needs: [b]}\n    - {name: b, operation: a.b, needs: [a]}",
      "wait for each other: a needs b needs a"
    ),
    ("    - {name: a, operation: a.b, input: $.steps.a.output}", "wait for each other: a needs a"),
    ("    - {name: a, operation: a.b}\n    - {name: a, operation: a.b}", "two steps with the name \"a\""),
    ("    - {name: A, operation: a.b}", "must begin with a lower-case letter"), ("    - {name: a, operation: ab}", "must be"),
    ("    - {name: a}", "operation is required"), ("    []", "lists 1 to 100 steps"),
    ("    - {name: a, operation: a.b, retires: 3}", "is not a known field"),
  ])
  func whatIsWrongIsSaidWithItsPlace(_ steps: String, _ words: String) {
    guard case .failure(let problems) = check(steps) else {
      Issue.record("accepted: \(steps)")
      return
    }
    #expect(problems.problems.contains { $0.message.contains(words) && $0.line >= 4 }, "\(problems)")
  }

  /// Durations and counts outside their ranges are refused, however large.
  @Test(arguments: [
    "0", "-1", "2592000001", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "1e300", "0.5", ".inf",
  ])
  func durationsHaveTheirRange(_ value: String) {
    for steps in [
      "    - {name: a, operation: a.b, timeout_ms: \(value)}", "    - {name: a, operation: a.b, retry: {max_attempts: \(value)}}",
      "    - {name: a, operation: a.b}\n  deadline_ms: \(value)",
      "    - {name: a, operation: a.b, retry: {max_backoff_ms: \(value == "0" ? "-1" : value)}}",
    ] {
      guard case .failure(let problems) = check(steps) else {
        Issue.record("accepted: \(steps)")
        continue
      }
      #expect(problems.problems.allSatisfy { $0.code == .invalidField && $0.line >= 6 }, "\(problems)")
    }
  }

  /// A mark that joins the sign before it does not hide a reference.
  @Test func aReferenceIsOneByItsBytes() throws {
    guard case .failure(let problems) = check("    - {name: a, operation: a.b, input: {x: \"$\\u0301.input\"}}") else {
      Issue.record("accepted")
      return
    }
    #expect(problems.problems.map(\.message).joined().contains("is no reference"))
    let template = WorkflowTemplate(["a": "$$\u{301}x", "b": "$.input.e\u{301}"])
    #expect(try template.resolved { _ in ["e\u{301}": 1] } == ["a": "$\u{301}x", "b": 1])
  }

  @Test(arguments: [
    ("handler_type: compute\nworkflow: {steps: [{name: a, operation: a.b}]}", "belongs to handler_type orchestrator"),
    ("handler_type: effect\nstream_key: /id", "belongs to handler_type reducer"),
    ("handler_type: reducer\nstream_key: id", "JSON pointer"),
    ("handler_type: effect\ndelivery: at_most_once\nretry: {max_attempts: 2}", "allows one attempt"),
    ("handler_type: compute\ndelivery: at_most_once", "belongs to handler_type effect"),
  ])
  func sectionsBelongToTheirKind(_ fields: String, _ words: String) {
    let text = "handler_name: x\nhandler_class: M.X\noperations: [x.y]\n\(fields)"
    guard case .failure(let problems) = ContractDirectory.check(Bytes(text), file: "x.yaml", directory: ".") else {
      Issue.record("accepted: \(fields)")
      return
    }
    #expect(problems.problems.contains { $0.message.contains(words) }, "\(problems)")
  }
}
