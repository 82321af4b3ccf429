import OnexCore

/// The contracts of a directory: those that are in force, those that are not, and the routes.
public struct ContractCatalogue: Sendable {
  /// Valid, in the order of their files.
  public let contracts: [HandlerContract]
  /// Handlers that do not run; the others are not affected.
  public let failed: [FailedContract]
  /// Problems of the directory itself, such as that it does not exist or holds no contract.
  public let directoryProblems: [ContractProblem]
  public let router: OperationRouter

  public init(
    contracts: [HandlerContract], failed: [FailedContract], directoryProblems: [ContractProblem], router: OperationRouter
  ) {
    self.contracts = contracts
    self.failed = failed
    self.directoryProblems = directoryProblems
    self.router = router
  }

  /// Everything that is wrong, in the order of the files.
  public var problems: [ContractProblem] { directoryProblems + failed.flatMap(\.problems) }
}
