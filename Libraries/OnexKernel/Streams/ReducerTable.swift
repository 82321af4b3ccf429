import OnexCore

/// The reducers of a process, by the handler that their contracts name.
public struct ReducerTable: Sendable {
  private var loaded: [String: LoadedReducer] = [:]
  private var reasons: [String: String] = [:]
  public private(set) var failures: [HandlerTable.Failure] = []

  /// - Parameter types: reducers linked into this executable.
  public init(contracts: [HandlerContract], types: [any Reducer.Type]) {
    let byName = Dictionary(types.map { ($0.className, $0) }) { first, _ in first }
    for contract in contracts where contract.kind == .reducer || contract.kind == .orchestrator {
      do throws(HandlerLoadError) {
        loaded[contract.name] = LoadedReducer(contract: contract, reducer: try ReducerTable.make(contract, byName))
      } catch {
        failures.append(HandlerTable.Failure(handler: contract.name, file: contract.file, error: error))
        reasons[contract.name] = error.description
      }
    }
  }

  /// Handlers whose streams this process can fold.
  public var handlers: [String] { loaded.keys.sorted() }

  subscript(_ handler: String) -> LoadedReducer? { loaded[handler] }

  /// Why a contract's reducer is not there.
  func failure(of handler: String) -> String? { reasons[handler] }

  private static func make(
    _ contract: HandlerContract, _ types: [String: any Reducer.Type]
  ) throws(HandlerLoadError) -> any Reducer {
    guard let type = types[contract.handlerClass.description] else {
      let known = types.keys.sorted().joined(separator: ", ")
      let isKnownModule = types.keys.contains { $0.hasPrefix(contract.handlerClass.module + ".") }
      throw HandlerLoadError(
        isKnownModule ? .classNotFound : .moduleNotFound,
        "no \(contract.kind.rawValue) \(contract.handlerClass) is linked into this service (known: \(known.isEmpty ? "none" : known))"
      )
    }
    do {
      return try type.init(ReducerSetup(contract: contract))
    } catch {
      throw HandlerLoadError(.importError, "\(contract.handlerClass) could not be made: \(error)")
    }
  }
}
