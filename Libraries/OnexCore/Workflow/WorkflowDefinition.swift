/// What a declarative orchestrator does: steps, each a request to another handler, in the order of their dependencies.
public struct WorkflowDefinition: Sendable, Hashable {
  public struct Call: Sendable, Hashable {
    public let operation: Operation
    public let input: WorkflowTemplate

    public init(operation: Operation, input: WorkflowTemplate) {
      self.operation = operation
      self.input = input
    }
  }

  public struct Step: Sendable, Hashable {
    public let name: String
    public let call: Call
    /// Steps that must have succeeded before, named or implied by `input`, in the order of the definition.
    public let needs: [String]
    /// For one attempt.
    public let timeout: Duration
    public let retry: RetryPolicy
    /// Takes the step back when a later one fails.
    public let compensation: Call?

    public init(
      name: String, call: Call, needs: [String] = [], timeout: Duration = OperationSettings.defaultTimeout,
      retry: RetryPolicy = .never, compensation: Call? = nil
    ) {
      self.name = name
      self.call = call
      self.needs = needs
      self.timeout = timeout
      self.retry = retry
      self.compensation = compensation
    }
  }

  public static let stepsMax = 100

  public let steps: [Step]
  /// For the whole run; a request's own deadline counts too, and the earlier one wins.
  public let deadline: Duration?
  /// `nil`: an object with the output of each step.
  public let output: WorkflowTemplate?

  public init(steps: [Step], deadline: Duration? = nil, output: WorkflowTemplate? = nil) {
    self.steps = steps
    self.deadline = deadline
    self.output = output
  }

  public subscript(_ step: String) -> Step? { steps.first { $0.name == step } }

  /// For each step, all steps that have succeeded before it begins. A step in a circle has none beyond those it names.
  public var predecessors: [String: Set<String>] {
    var found: [String: Set<String>] = [:]
    var left = steps
    while let index = left.firstIndex(where: { $0.needs.allSatisfy { found[$0] != nil } }) {
      let step = left.remove(at: index)
      found[step.name] = step.needs.reduce(into: Set(step.needs)) { $0.formUnion(found[$1] ?? []) }
    }
    for step in left { found[step.name] = Set(step.needs) }
    return found
  }

  /// Steps that wait for each other, in a circle; `nil` when there is none.
  public var cycle: [String]? {
    var done: Set<String> = []
    var left = steps
    while let index = left.firstIndex(where: { $0.needs.allSatisfy(done.contains) }) { done.insert(left.remove(at: index).name) }
    guard let first = left.first else { return nil }
    // Every step that is left needs another one that is left: following them comes round.
    var path = [first.name]
    while let next = self[path[path.count - 1]]?.needs.first(where: { !done.contains($0) }) {
      if let start = path.firstIndex(of: next) { return Array(path[start...]) + [next] }
      path.append(next)
    }
    return path
  }
}
