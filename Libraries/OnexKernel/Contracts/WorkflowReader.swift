import OnexCore
import OnexYAML

/// Reads the `workflow` section of an orchestrator's contract.
struct WorkflowReader {
  private static let millisecondsMax = 30 * 24 * 3_600_000

  private let file: String
  private let problems: FieldProblems

  init(file: String, problems: FieldProblems) {
    self.file = file
    self.problems = problems
  }

  /// `nil` when there is no such section, or when something is wrong with it.
  func read(_ contract: MappingReader) -> WorkflowDefinition? {
    guard let section = contract.mapping("workflow", fields: ["deadline_ms", "steps", "output"]) else { return nil }
    let deadline = section.integer("deadline_ms", in: 1...WorkflowReader.millisecondsMax)
    guard let nodes = section.list("steps") else {
      if !section.has("steps") { section.missing("steps") }
      return nil
    }
    if let node = section.node("steps"), nodes.isEmpty || nodes.count > WorkflowDefinition.stepsMax {
      section.invalid(node, "workflow.steps lists 1 to \(WorkflowDefinition.stepsMax) steps, not \(nodes.count)")
    }
    let names = nodes.compactMap { $0["name"]?.text }
    var steps: [WorkflowDefinition.Step] = []
    for (index, node) in nodes.enumerated() {
      guard let step = step(node, "workflow.steps[\(index)]", names) else { continue }
      if steps.contains(where: { $0.name == step.name }) {
        problems.add(.invalidField, at: node.position, "there are two steps with the name \"\(step.name)\"")
      }
      steps.append(step)
    }
    let output = section.node("output").flatMap { template($0, "workflow.output", names) }
    guard steps.count == nodes.count else { return nil }
    let definition = WorkflowDefinition(steps: steps, deadline: deadline.map { .milliseconds($0) }, output: output?.template)
    if let cycle = definition.cycle, let node = section.node("steps") {
      section.invalid(node, "these steps wait for each other: \(cycle.joined(separator: " needs "))")
    }
    return definition
  }

  private func step(_ node: YAMLNode, _ path: String, _ names: [String]) -> WorkflowDefinition.Step? {
    let fields = ["name", "operation", "input", "needs", "timeout_ms", "retry", "compensate"]
    guard let reader = MappingReader(node, path, fields: fields, problems) else { return nil }
    let name = reader.text("name", required: true, bytesMax: 64)
    if let name, !WorkflowReader.isStepName(name.value) {
      problems.add(
        .invalidField, at: name.position, "\(path).name must begin with a lower-case letter, followed by those, digits and _")
    }
    let call = call(reader, names)
    var needs = Set(call?.needs ?? [])
    for need in reader.texts("needs") ?? [] {
      if !names.contains(need.value) { unknownStep(need.value, names, at: need.position) }
      needs.insert(need.value)
    }
    let timeout = reader.integer("timeout_ms", in: 1...WorkflowReader.millisecondsMax)
    let retry = SettingsReader.retry(reader)
    var compensation: (call: WorkflowDefinition.Call, needs: [String])?
    if let section = reader.mapping("compensate", fields: ["operation", "input"]) { compensation = self.call(section, names) }
    guard let name, let call else { return nil }
    return WorkflowDefinition.Step(
      name: name.value, call: call.call, needs: names.filter(needs.contains),
      timeout: timeout.map { .milliseconds($0) } ?? OperationSettings.defaultTimeout, retry: retry ?? .never,
      compensation: compensation?.call)
  }

  private func call(_ reader: MappingReader, _ names: [String]) -> (call: WorkflowDefinition.Call, needs: [String])? {
    let operation = reader.text("operation", required: true)
    let input = reader.node("input").flatMap { template($0, reader.qualified("input"), names) }
    guard let operation else { return nil }
    guard let parsed = Operation(operation.value) else {
      problems.add(.invalidField, at: operation.position, "\(reader.qualified("operation")) must be \(Operation.rule)")
      return nil
    }
    return (
      WorkflowDefinition.Call(operation: parsed, input: input?.template ?? WorkflowTemplate(.object(JSONObject()))),
      input?.needs ?? []
    )
  }

  private func template(
    _ node: YAMLNode, _ path: String, _ names: [String]
  ) -> (template: WorkflowTemplate, needs: [String])? {
    do {
      let template = WorkflowTemplate(try node.toJSON(file: file))
      var needs: [String] = []
      for case .step(let name) in try template.roots() {
        if !names.contains(name) { unknownStep(name, names, at: node.position) }
        needs.append(name)
      }
      return (template, needs)
    } catch let error as WorkflowTemplate.Invalid {
      problems.add(.invalidField, at: node.position, "\(path): \(error.description)")
    } catch {
      problems.add(.invalidField, at: node.position, "\(path): \(error)")
    }
    return nil
  }

  private func unknownStep(_ name: String, _ names: [String], at position: YAMLPosition) {
    let hint = NearestName.suggestion(for: name, among: names).map { "; did you mean \"\($0)\"?" } ?? ""
    problems.add(.invalidField, at: position, "there is no step \"\(name.prefix(64))\"\(hint)")
  }

  private static func isStepName(_ name: String) -> Bool {
    guard let first = name.utf8.first, (97...122).contains(first) else { return false }
    return name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
  }
}
