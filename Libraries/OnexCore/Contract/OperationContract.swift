/// One operation that a contract lists.
public struct OperationContract: Sendable {
  public let operation: Operation
  public let description: String?
  public let settings: OperationSettings

  public init(_ operation: Operation, description: String? = nil, settings: OperationSettings = OperationSettings()) {
    self.operation = operation
    self.description = description
    self.settings = settings
  }
}
