import OnexCore

/// What this role does about each operation.
public struct HandlerTable: Sendable {
  public enum Entry: Sendable {
    case loaded(LoadedOperation)
    /// The contract is this role's, but its handler could not be made.
    case failed(handler: String, reason: String)
    /// Another role answers it.
    case elsewhere(HandlerKind)
  }

  /// A handler that could not be made, for health and log.
  public struct Failure: Sendable {
    public let handler: String
    public let file: String
    public let error: HandlerLoadError
  }

  private var exact: [String: Entry] = [:]
  private var prefixes: [String: Entry] = [:]
  public private(set) var failures: [Failure] = []
  public private(set) var loaded: [String] = []

  /// Makes the handlers of `kinds`; contracts of other kinds are only remembered as somebody else's.
  public init(
    contracts: [HandlerContract], kinds: Set<HandlerKind>, registry: HandlerRegistry,
    setup: (HandlerContract) -> HandlerSetup
  ) {
    for contract in contracts {
      guard kinds.contains(contract.kind) else {
        add(contract) { _, _ in .elsewhere(contract.kind) }
        continue
      }
      do throws(HandlerLoadError) {
        let handler = try registry.make(contract.handlerClass, setup(contract))
        add(contract) { .loaded(LoadedOperation(contract: contract, label: $0, settings: $1, handler: handler)) }
        loaded.append(contract.name)
      } catch {
        failures.append(Failure(handler: contract.name, file: contract.file, error: error))
        add(contract) { _, _ in .failed(handler: contract.name, reason: error.description) }
      }
    }
  }

  public subscript(_ operation: Operation) -> Entry? {
    exact[operation.name] ?? (prefixes.isEmpty ? nil : prefixes[String(operation.prefix)])
  }

  private mutating func add(_ contract: HandlerContract, _ entry: (_ label: String, OperationSettings) -> Entry) {
    switch contract.operations {
    case .listed(let operations):
      for operation in operations { exact[operation.operation.name] = entry(operation.operation.name, operation.settings) }
    case .prefix(let prefix):
      prefixes[prefix] = entry("\(prefix).*", contract.settings)
    }
  }

}
