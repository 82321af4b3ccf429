import OnexCore
import OnexKernel
import OnexPostgres
import OnexWorkflow
import Synchronization

/// What `replay` and `projections` share: the reducers that this program has, and saying how far it is.
enum JournalWork {
  static func reducers(_ context: ControlContext) -> ReducerTable {
    let contracts = ContractDirectory.load(context.contractsDirectory).contracts
    return ReducerTable(contracts: contracts, types: [Workflow.self])
  }

  /// Says what is read now and then, when a person looks.
  static func progress(_ context: ControlContext) -> @Sendable (Int64) -> Void {
    let next = Mutex<Int64>(100_000)
    return { events in
      let isDue = next.withLock { next in
        guard events >= next else { return false }
        next = events + 100_000
        return true
      }
      if isDue, context.terminal.isInteractive { context.terminal.printError("\(events) events …") }
    }
  }

  /// What a person should do about streams that this program cannot fold.
  static func advice(_ unknown: [String: Int64]) -> String? {
    guard !unknown.isEmpty else { return nil }
    let names = unknown.keys.sorted().map { "\($0) (\(unknown[$0] ?? 0))" }.joined(separator: ", ")
    return
      "not looked at, since their code or contract is not here: \(names); run the executable that has it with --bootstrap, or set ONEX_CONTRACTS_DIR"
  }
}
