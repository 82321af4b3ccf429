import OnexCore
import OnexKernel
import OnexService

/// Folds the journal at the start, so that a state that is not what its events give is found before anything is built on it.
struct StateReplay: Sendable {
  private static let drift = "STATE_DRIFT"

  private let context: ServiceContext
  private let journal: any JournalReader
  private let reducers: [any Reducer.Type]

  init(_ context: ServiceContext, _ journal: any JournalReader, reducers: [any Reducer.Type]) {
    self.context = context
    self.journal = journal
    self.reducers = reducers
  }

  /// - Throws: `StoreError` when the journal cannot be read.
  func run(_ scope: JournalScope, _ contracts: LoadedContracts) async throws(StoreError) -> JournalReplay.Report {
    context.health.starting("replay the journal")
    let start = context.clock.uptime()
    let table = ReducerTable(contracts: contracts.catalogue.contracts, types: reducers)
    let report = try await JournalReplay(journal, reducers: table).run(scope)
    if report.driftCount == 0 {
      context.logger.info(
        "READY",
        [
          "events": .integer(Int(report.events)), "streams": .integer(Int(report.streams)),
          "digest": .string(report.streams == 0 ? "none" : report.digest),
          "replay_ms": .double((context.clock.uptime() - start).milliseconds),
        ])
    }
    return report
  }

  /// Streams in which something is still to happen. One whose state differs is told by health, and work goes on: the others are well,
  /// and only a person can say which of the two is right.
  func atStart(_ contracts: LoadedContracts) async {
    do {
      let report = try await run(.open, contracts)
      guard let first = report.drift.first else { return }
      let message = "\(report.driftCount) streams differ from their events, first \(first.stream): \(first.reason)"
      context.health.raise(StateReplay.drift, message: message, blocksReadiness: false)
      context.logger.error(
        "state differs from its events", ["count": .integer(Int(report.driftCount)), "first": .string(message)])
    } catch {
      // An absent database is waited for by those who commit.
      context.logger.warning("the journal was not replayed", ["error": .string(error.message)])
    }
  }
}
