import OnexCore
import OnexYAML

/// Reads the `workflow` section of an orchestrator's contract.
struct WorkflowReader {
  private static let millisecondsMax = 30 * 24 * 3_600_000

  /// A definition, and its calls with their places in the file: whether anything answers them shows only beside the other contracts.
  struct Reading {
    let definition: WorkflowDefinition
    let calls: [Located<Operation>]
  }

  /// One call of a step, as it was written.
  private struct Call {
    let call: WorkflowDefinition.Call
    let operation: Located<Operation>
    /// The steps that its input refers to.
    let references: [Located<String>]
  }

  private struct Step {
    let step: WorkflowDefinition.Step
    let call: Call
    let compensation: Call?
  }

  private let file: String
  private let problems: FieldProblems

  init(file: String, problems: FieldProblems) {
    self.file = file
    self.problems = problems
  }

  /// `nil` when there is no such section, or when something is wrong with it.
  func read(_ contract: MappingReader) -> Reading? {
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
    var steps: [Step] = []
    for (index, node) in nodes.enumerated() {
      guard let step = step(node, "workflow.steps[\(index)]", names) else { continue }
      if steps.contains(where: { $0.step.name == step.step.name }) {
        problems.add(.invalidField, at: node.position, "there are two steps with the name \"\(step.step.name)\"")
      }
      steps.append(step)
    }
    let output = section.node("output").flatMap { template($0, "workflow.output", names) }
    guard steps.count == nodes.count else { return nil }
    let definition = WorkflowDefinition(
      steps: steps.map(\.step), deadline: deadline.map { .milliseconds($0) }, output: output?.template)
    if let cycle = definition.cycle, let node = section.node("steps") {
      section.invalid(node, "these steps wait for each other: \(cycle.joined(separator: " needs "))")
    }
    checkCompensations(steps, definition)
    return Reading(
      definition: definition, calls: steps.flatMap { [$0.call.operation] + [$0.compensation?.operation].compactMap(\.self) })
  }

  /// A compensation may use what was known when its step ran: the outputs of the steps before it, and the step's own. Any other step may
  /// not have run, and then the compensation could not be made when it is needed.
  private func checkCompensations(_ steps: [Step], _ definition: WorkflowDefinition) {
    let before = definition.predecessors
    for step in steps {
      let name = step.step.name
      for reference in step.compensation?.references ?? []
      where reference.value != name && definition[reference.value] != nil && before[name]?.contains(reference.value) != true {
        problems.add(
          .invalidField, at: reference.position,
          "the compensation of \(name) refers to the output of \(reference.value), which need not have run by then; it may refer to $.input, to \(name) itself and to steps that \(name) needs"
        )
      }
    }
  }

  private func step(_ node: YAMLNode, _ path: String, _ names: [String]) -> Step? {
    let fields = ["name", "operation", "input", "needs", "timeout_ms", "retry", "compensate"]
    guard let reader = MappingReader(node, path, fields: fields, problems) else { return nil }
    let name = reader.text("name", required: true, bytesMax: 64)
    if let name, !WorkflowReader.isStepName(name.value) {
      problems.add(
        .invalidField, at: name.position, "\(path).name must begin with a lower-case letter, followed by those, digits and _")
    }
    let call = call(reader, names)
    var needs = Set(call?.references.map(\.value) ?? [])
    for need in reader.texts("needs") ?? [] {
      if !names.contains(need.value) { unknownStep(need.value, names, at: need.position) }
      needs.insert(need.value)
    }
    let timeout = reader.integer("timeout_ms", in: 1...WorkflowReader.millisecondsMax)
    let retry = SettingsReader.retry(reader)
    var compensation: Call?
    if let section = reader.mapping("compensate", fields: ["operation", "input"]) { compensation = self.call(section, names) }
    guard let name, let call else { return nil }
    let step = WorkflowDefinition.Step(
      name: name.value, call: call.call, needs: names.filter(needs.contains),
      timeout: timeout.map { .milliseconds($0) } ?? OperationSettings.defaultTimeout, retry: retry ?? .never,
      compensation: compensation?.call)
    return Step(step: step, call: call, compensation: compensation)
  }

  private func call(_ reader: MappingReader, _ names: [String]) -> Call? {
    let operation = reader.text("operation", required: true)
    let input = reader.node("input").flatMap { template($0, reader.qualified("input"), names) }
    guard let operation else { return nil }
    guard let parsed = Operation(operation.value) else {
      problems.add(.invalidField, at: operation.position, "\(reader.qualified("operation")) must be \(Operation.rule)")
      return nil
    }
    return Call(
      call: WorkflowDefinition.Call(operation: parsed, input: input?.template ?? WorkflowTemplate(.object(JSONObject()))),
      operation: Located(parsed, at: operation.position), references: input?.references ?? [])
  }

  private func template(
    _ node: YAMLNode, _ path: String, _ names: [String]
  ) -> (template: WorkflowTemplate, references: [Located<String>])? {
    do {
      let template = WorkflowTemplate(try node.toJSON(file: file))
      var references: [Located<String>] = []
      var isValid = true
      for text in WorkflowReader.texts(in: node) {
        do throws(WorkflowTemplate.Invalid) {
          for case .step(let name) in try WorkflowTemplate(.string(text.value)).roots() {
            if !names.contains(name) { unknownStep(name, names, at: text.position) }
            references.append(Located(name, at: text.position))
          }
        } catch {
          problems.add(.invalidField, at: text.position, "\(path): \(error.description)")
          isValid = false
        }
      }
      return isValid ? (template, references) : nil
    } catch {
      problems.add(.invalidField, at: node.position, "\(path): \(error)")
      return nil
    }
  }

  /// Every text that may be a reference, with its place. The parser bounds the depth.
  private static func texts(in node: YAMLNode) -> [Located<String>] {
    switch node.content {
    case .scalar: node.text.map { [Located($0, at: node.position)] } ?? []
    case .sequence(let elements): elements.flatMap(texts)
    case .mapping(let mapping): mapping.entries.flatMap { texts(in: $0.value) }
    }
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
