import OnexCore
import OnexYAML

extension ContractProblem {
  public init(_ problem: YAMLProblem) {
    let code: Code =
      switch problem.kind {
      case .invalidYAML: .invalidYAML
      case .missingField: .missingField
      case .invalidField: .invalidField
      case .unknownField: .unknownField
      }
    self.init(code, file: problem.file, at: problem.position, problem.message)
  }

  public init(_ code: Code, file: String, at position: YAMLPosition, _ message: String) {
    self.init(code, file: file, line: position.line, column: position.column, message)
  }
}
