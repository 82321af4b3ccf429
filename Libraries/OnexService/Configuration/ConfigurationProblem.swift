/// One thing that is wrong with the configuration, told so that the reader can put it right.
public struct ConfigurationProblem: Error, Sendable, Equatable {
  public let variable: String
  /// What it holds now; `***` for a secret, `(not set)` when it is absent.
  public let value: String
  /// What it may hold.
  public let allowed: String

  public static let notSet = "(not set)"
  public static let masked = "***"

  public init(variable: String, value: String = ConfigurationProblem.notSet, allowed: String) {
    self.variable = variable
    self.value = value
    self.allowed = allowed
  }
}

/// Every problem of a configuration at once, so that an operator corrects it in one go.
public struct InvalidConfiguration: Error, Sendable {
  public let problems: [ConfigurationProblem]

  public init(_ problems: [ConfigurationProblem]) {
    precondition(!problems.isEmpty, "a configuration without problems is valid")
    self.problems = problems
  }
}
