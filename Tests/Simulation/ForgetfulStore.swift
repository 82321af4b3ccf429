import OnexCore
import OnexTestSupport
import Synchronization

/// A store with a defect, to show that the check finds it.
package struct ForgetfulStore: StreamStore {
  package enum Defect: Sendable {
    /// Some commits are answered and not made.
    case commits(oneIn: Int, seed: UInt64)
    /// Answers are recorded under other identities, so that no repeat is recognised.
    case inbox
  }

  private let base: SimulatedStore
  private let defect: Defect
  private let random: SharedRandom

  package init(_ base: SimulatedStore, forgets defect: Defect) {
    self.base = base
    self.defect = defect
    if case .commits(_, let seed) = defect { random = SharedRandom(seed) } else { random = SharedRandom(1) }
  }

  private final class SharedRandom: Sendable {
    let state: Mutex<SplitMix>
    init(_ seed: UInt64) { state = Mutex(SplitMix(seed: seed)) }
    func next() -> UInt64 { state.withLock { $0.next() } }
  }

  package var isStateless: Bool { false }

  package func commit(_ batch: CommitBatch) async throws(StoreError) -> CommitOutcome {
    switch defect {
    case .commits(let oneIn, _):
      if random.next() % UInt64(oneIn) == 0 { return .committed(repeats: [:]) }
      return try await base.commit(batch)
    case .inbox:
      let entries = batch.entries.map { entry in
        CommitEntry(
          identity: .request(EnvelopeID(RawUUID(random: random.next(), random.next()))), source: entry.source,
          offset: entry.offset, outputs: entry.outputs, deadline: entry.deadline, changesStreams: entry.changesStreams)
      }
      var other = CommitBatch(id: batch.id, consumer: batch.consumer, lanes: batch.lanes, entries: entries, time: batch.time)
      (other.streams, other.timers, other.projections) = (batch.streams, batch.timers, batch.projections)
      return try await base.commit(other)
    }
  }

  package func claim(_ partitions: [TopicPartition], consumer: String) async throws(StoreError) -> [TopicPartition: LaneEpoch] {
    try await base.claim(partitions, consumer: consumer)
  }

  package func recorded(_ identity: MessageIdentity, consumer: String) async throws(StoreError) -> RecordedAnswer? {
    try await base.recorded(identity, consumer: consumer)
  }

  package func claimExecution(_ claim: ExecutionClaim) async throws(StoreError) -> ExecutionClaimOutcome {
    try await base.claimExecution(claim)
  }

  package func release(_ claims: [ExecutionClaim]) async throws(StoreError) { try await base.release(claims) }

  package func markStart(_ mark: StartMark) async throws(StoreError) -> StartOutcome { try await base.markStart(mark) }

  package func load(
    _ streams: [StreamName], _ identities: [MessageIdentity], consumer: String
  ) async throws(StoreError) -> LoadedStreams {
    try await base.load(streams, identities, consumer: consumer)
  }

  package func lease(
    _ lane: TopicPartition, consumer: String, owner: String, expired: LeaseState?
  ) async throws(StoreError) -> LeaseAnswer {
    try await base.lease(lane, consumer: consumer, owner: owner, expired: expired)
  }

  package func dueTimers(_ query: TimerQuery) async throws(StoreError) -> DueTimers { try await base.dueTimers(query) }

  package func finish(_ timers: [DurableTimer], consumer: String) async throws(StoreError) {
    try await base.finish(timers, consumer: consumer)
  }
}
