import OnexCore

/// A process's connection to the store that all processes share: slow, failing, and gone when the process is.
public struct SimulatedStore: StreamStore {
  private let base: any StreamStore
  private let process: SimulatedProcess

  public init(_ base: any StreamStore, _ process: SimulatedProcess) {
    self.base = base
    self.process = process
  }

  public var isStateless: Bool { base.isStateless }

  private func perform<Value: Sendable>(_ what: @autoclosure () -> String, _ body: () async throws(StoreError) -> Value)
    async throws(StoreError) -> Value
  {
    let turn = process.fate.storeTurn()
    do throws(SimulatedProcess.Dead) {
      try await process.begin(turn)
    } catch {
      throw StoreError(.unavailable, "the process is dead")
    }
    process.tell("store \(what())\(turn.fails ? " fails" : turn.answerIsLost ? ", answer lost" : "")")
    if turn.fails { throw StoreError(.unavailable, "the simulated store failed") }
    let value = try await body()
    do throws(SimulatedProcess.Dead) {
      try await process.end(turn)
    } catch {
      throw StoreError(.unavailable, "the process is dead")
    }
    if turn.answerIsLost { throw StoreError(.unavailable, "the simulated store's answer was lost") }
    return value
  }

  public func claim(_ partitions: [TopicPartition], consumer: String) async throws(StoreError) -> [TopicPartition: LaneEpoch] {
    try await perform("claim \(partitions)") { () throws(StoreError) in try await base.claim(partitions, consumer: consumer) }
  }

  public func recorded(_ identity: MessageIdentity, consumer: String) async throws(StoreError) -> RecordedAnswer? {
    try await perform("look up \(identity)") { () throws(StoreError) in try await base.recorded(identity, consumer: consumer) }
  }

  public func commit(_ batch: CommitBatch) async throws(StoreError) -> CommitOutcome {
    try await perform("commit \(batch.entries.map { "\($0.source)@\($0.offset)" })") { () throws(StoreError) in
      try await base.commit(batch)
    }
  }

  public func claimExecution(_ claim: ExecutionClaim) async throws(StoreError) -> ExecutionClaimOutcome {
    try await perform("claim \(claim.identity.message)") { () throws(StoreError) in try await base.claimExecution(claim) }
  }

  public func release(_ claims: [ExecutionClaim]) async throws(StoreError) {
    try await perform("release \(claims.count) claims") { () throws(StoreError) in try await base.release(claims) }
  }

  public func markStart(_ mark: StartMark) async throws(StoreError) -> StartOutcome {
    try await perform("mark \(mark.identity)") { () throws(StoreError) in try await base.markStart(mark) }
  }

  public func load(
    _ streams: [StreamName], _ identities: [MessageIdentity], consumer: String
  ) async throws(StoreError) -> LoadedStreams {
    try await perform("load \(streams)") { () throws(StoreError) in try await base.load(streams, identities, consumer: consumer) }
  }

  public func lease(
    _ lane: TopicPartition, consumer: String, owner: String, expired: LeaseState?
  ) async throws(StoreError) -> LeaseAnswer {
    try await perform("lease") { () throws(StoreError) in
      try await base.lease(lane, consumer: consumer, owner: owner, expired: expired)
    }
  }

  public func dueTimers(_ query: TimerQuery) async throws(StoreError) -> DueTimers {
    try await perform("due timers") { () throws(StoreError) in try await base.dueTimers(query) }
  }

  public func finish(_ timers: [DurableTimer], consumer: String) async throws(StoreError) {
    try await perform("finish \(timers.count) timers") { () throws(StoreError) in
      try await base.finish(timers, consumer: consumer)
    }
  }
}
