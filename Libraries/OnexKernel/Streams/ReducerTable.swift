import OnexCore
import Synchronization

/// The reducers of a process, by the handler that their contracts name.
public struct ReducerTable: Sendable {
  private var loaded: [String: LoadedReducer] = [:]
  private var reasons: [String: String] = [:]
  public private(set) var failures: [HandlerTable.Failure] = []
  /// Goes on with streams whose contract is gone.
  private let withoutContract: (any Reducer)?
  private let orphans = OrphanedHandlers()

  /// - Parameter types: reducers linked into this executable.
  public init(contracts: [HandlerContract], types: [any Reducer.Type]) {
    withoutContract = types.lazy.compactMap { $0.withoutContract }.first
    let byName = Dictionary(types.map { ($0.className, $0) }) { first, _ in first }
    for contract in contracts where contract.kind == .reducer || contract.kind == .orchestrator {
      do throws(HandlerLoadError) {
        loaded[contract.name] = LoadedReducer(
          handler: contract.name, kind: contract.kind, reducer: try ReducerTable.make(contract, byName))
      } catch {
        failures.append(HandlerTable.Failure(handler: contract.name, file: contract.file, error: error))
        reasons[contract.name] = error.description
      }
    }
  }

  /// Handlers whose streams this process can fold, with those adopted so far.
  public var handlers: [String] { loaded.keys.sorted() + orphans.names }

  /// The reducer that a handler's contract names, for new requests.
  subscript(_ handler: String) -> LoadedReducer? { loaded[handler] }

  /// The reducer of a stream that exists. Where its handler has no contract (any more), the one that needs none; it refuses states that
  /// are not its own.
  func reducer(of stream: StreamName) -> LoadedReducer? { loaded[stream.handler] ?? orphan(stream.handler) }

  private func orphan(_ handler: String) -> LoadedReducer? {
    withoutContract.map { LoadedReducer(handler: handler, kind: .orchestrator, reducer: $0) }
  }

  /// The reducer for a stream, by its first event; `nil` where this process cannot fold it.
  func reducer(of stream: StreamName, beginningWith event: StreamEvent) -> LoadedReducer? {
    if let known = loaded[stream.handler] { return known }
    guard let withoutContract, let state = try? withoutContract.evolve(nil, event), withoutContract.owns(state) else {
      return nil
    }
    return orphan(stream.handler)
  }

  /// Handlers without a contract whose streams go on all the same.
  var adopted: [String] { orphans.names }

  /// Goes on with the timers of a handler without a contract, if the state of one of its streams says that this is possible.
  ///
  /// - Returns: whether it is.
  func adopt(_ handler: String, _ state: JSONValue) -> Bool {
    guard loaded[handler] == nil, let withoutContract, withoutContract.owns(state) else { return false }
    orphans.insert(handler)
    return true
  }

  /// Nothing of the handler is open any more.
  func release(_ handler: String) { orphans.remove(handler) }

  var canAdopt: Bool { withoutContract != nil }

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

/// Handlers without a contract that have open streams. Shared by all copies of a table, since streams show up while it is in use.
private final class OrphanedHandlers: Sendable {
  private let state = Mutex<Set<String>>([])

  var names: [String] { state.withLock { $0.sorted() } }

  func insert(_ handler: String) { state.withLock { _ = $0.insert(handler) } }

  func remove(_ handler: String) { state.withLock { _ = $0.remove(handler) } }
}
