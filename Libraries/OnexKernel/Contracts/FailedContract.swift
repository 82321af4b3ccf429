import OnexCore

/// A contract that was not accepted, and everything that is wrong with it.
public struct FailedContract: Sendable {
  /// The handler's name; the file's folder when the file does not tell it.
  public let name: String
  public let file: String
  public let problems: [ContractProblem]
}
