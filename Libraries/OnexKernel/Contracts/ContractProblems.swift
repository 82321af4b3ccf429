import OnexCore

/// All problems of one contract; at least one.
public struct ContractProblems: Error, Sendable, CustomStringConvertible {
  public let problems: [ContractProblem]

  init(_ problems: [ContractProblem]) {
    precondition(!problems.isEmpty, "a refused contract has a problem")
    self.problems = problems
  }

  public var description: String { problems.map(\.description).joined(separator: "\n") }
}
