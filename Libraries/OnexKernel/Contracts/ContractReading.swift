import OnexCore
import OnexYAML

/// What came of reading one contract file.
struct ContractReading {
  /// The handler's name; the file's folder when the file does not tell it.
  let name: String
  let file: String
  /// `nil` when there are problems.
  var contract: HandlerContract?
  var problems: [ContractProblem]
  /// For problems that only show against other contracts.
  var namePosition: YAMLPosition = .start
  var operationPositions: [Operation: YAMLPosition] = [:]
  /// What the steps of a workflow ask of other contracts.
  var calls: [Located<Operation>] = []

  mutating func fail(_ added: [ContractProblem]) {
    contract = nil
    problems += added
  }
}
