import OnexCore

/// Finds the route of an operation: exact operations first, then whole prefixes.
public struct OperationRouter: Sendable {
  /// An operation (`http.get`) or prefix (`http.*`) that another contract answers already.
  public struct Conflict: Error, Sendable {
    public let operation: String
    public let owner: HandlerContract
  }

  private var exact: [String: OperationRoute] = [:]
  private var prefixes: [String: OperationRoute] = [:]

  public init() {}

  public func route(_ operation: Operation) -> OperationRoute? {
    exact[operation.name] ?? (prefixes.isEmpty ? nil : prefixes[String(operation.prefix)])
  }

  /// Every route, ordered by operation; a prefix is shown as `prefix.*`.
  public var routes: [(operation: String, route: OperationRoute)] {
    let all = exact.map { ($0.key, $0.value) } + prefixes.map { ($0.key + ".*", $0.value) }
    return all.sorted { $0.0 < $1.0 }.map { (operation: $0.0, route: $0.1) }
  }

  /// Adds all routes of `contract`, or none when any of its operations is answered already: half a handler surprises more than none.
  public mutating func add(_ contract: HandlerContract) -> [Conflict] {
    switch contract.operations {
    case .prefix(let prefix):
      if let owner = prefixes[prefix] { return [Conflict(operation: prefix + ".*", owner: owner.contract)] }
      prefixes[prefix] = OperationRoute(contract, nil, contract.settings)
    case .listed(let operations):
      let conflicts = operations.compactMap { entry in
        exact[entry.operation.name].map { Conflict(operation: entry.operation.name, owner: $0.contract) }
      }
      guard conflicts.isEmpty else { return conflicts }
      for entry in operations {
        exact[entry.operation.name] = OperationRoute(contract, entry.operation, entry.settings)
      }
    }
    return []
  }
}
