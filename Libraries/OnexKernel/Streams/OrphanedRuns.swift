import OnexCore
import OnexService
import Synchronization

/// Finds runs that are open though no contract names their handler any more, so that their timers fire here and an operator reads of
/// them. A run keeps the definition that it began with and needs no contract to go on.
///
/// An open run always has a timer, so that the timers of unknown handlers lead to all of them.
final class OrphanedRuns: Sendable {
  static let code = "RUNS_WITHOUT_CONTRACT"
  private static let timersMax = 100
  /// The first look is for runs whose timers are due much later, too; the later ones are for what other processes began meanwhile.
  private static let horizon = Duration.seconds(10 * 366 * 86_400)

  private struct State {
    /// Handlers of unknown reducers, whose timers are left to the process that has them.
    var foreign: Set<String> = []
    var hasLooked = false
  }

  private let streams: Pipeline.Streams
  private let group: String
  private let context: ServiceContext
  private let state = Mutex(State())
  private var reducers: ReducerTable { streams.router.reducers }

  init(_ pipeline: Pipeline, _ streams: Pipeline.Streams) {
    self.streams = streams
    group = pipeline.parts.group
    context = pipeline.parts.context
  }

  /// Looks once. An outage of the store is for those who commit to report.
  func look() async {
    guard reducers.canAdopt else { return }
    do throws(StoreError) {
      try await adopt()
      try await release()
      state.withLock { $0.hasLooked = true }
    } catch {
      return
    }
  }

  private func adopt() async throws(StoreError) {
    let (isFirst, before) = (state.withLock { !$0.hasLooked }, reducers.adopted)
    // Each pass ends the search or rules out one handler more.
    while true {
      let known = reducers.handlers + state.withLock { $0.foreign.sorted() }
      let found = try await streams.store.dueTimers(
        TimerQuery(
          consumer: group, countMax: OrphanedRuns.timersMax, handlers: .others(than: known),
          ahead: isFirst ? OrphanedRuns.horizon : .zero))
      let names = found.timers.compactMap { timer in
        if case .stream(let stream, _) = timer.purpose { stream } else { nil }
      }
      guard !names.isEmpty else { break }
      let loaded = try await streams.store.load(Array(Set(names)).sorted(), [], consumer: group)
      for (handler, streams) in Dictionary(grouping: names, by: \.handler) {
        let isAdopted = streams.contains { stream in
          guard let kept = loaded.snapshots[stream], let body = (try? StreamState(kept.state))?.body else { return false }
          return reducers.adopt(handler, body)
        }
        if !isAdopted { state.withLock { _ = $0.foreign.insert(handler) } }
      }
    }
    let adopted = reducers.adopted
    guard !adopted.isEmpty, adopted != before else { return }
    let message =
      "runs are open of handlers that no contract names, or whose contract could not be loaded: \(adopted.joined(separator: ", ")). They go on by the definition that they began with; new requests are refused"
    context.health.raise(OrphanedRuns.code, message: message, blocksReadiness: false)
    context.logger.warning("runs without a contract go on", ["handlers": .string(adopted.joined(separator: ", "))])
  }

  /// Forgets handlers of which nothing is open any more.
  private func release() async throws(StoreError) {
    let adopted = reducers.adopted
    guard !adopted.isEmpty else { return }
    for handler in adopted {
      let left = try await streams.store.dueTimers(
        TimerQuery(consumer: group, countMax: 1, handlers: .only([handler])))
      if left.timers.isEmpty, left.nextDue == nil { reducers.release(handler) }
    }
    let left = reducers.adopted
    guard left != adopted else { return }
    if left.isEmpty {
      context.health.clear(OrphanedRuns.code)
      context.logger.info("no runs without a contract are left")
    }
  }
}
