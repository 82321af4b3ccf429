import OnexCore

/// Where a request goes: the contract that answers its operation and how it is run there. A reference, since one is handed on
/// with every request.
public final class OperationRoute: Sendable {
  public let contract: HandlerContract
  /// `nil` for a route that answers a whole prefix.
  public let operation: Operation?
  public let settings: OperationSettings

  init(_ contract: HandlerContract, _ operation: Operation?, _ settings: OperationSettings) {
    self.contract = contract
    self.operation = operation
    self.settings = settings
  }
}
