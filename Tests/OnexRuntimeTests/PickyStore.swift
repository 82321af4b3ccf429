import OnexCore
import OnexInMemory
import Synchronization

/// A store in memory that refuses what a test says, the way the database refuses it.
final class PickyStore: StreamStore {
  /// What a commit is answered instead of being done.
  enum Answer: Sendable {
    case error(StoreError)
    case conflict
  }

  let base: InMemoryStore
  private let rule = Mutex<@Sendable (CommitBatch) -> Answer?>({ _ in nil })
  let commits = Mutex<[Duration]>([])
  /// What is answered to whoever asks for the timers.
  let lease = Mutex<Result<LeaseAnswer, StoreError>?>(nil)
  private let clock: any RuntimeClock

  init(clock: any RuntimeClock) {
    self.clock = clock
    base = InMemoryStore(clock: clock)
  }

  func answer(_ rule: @escaping @Sendable (CommitBatch) -> Answer?) { self.rule.withLock { $0 = rule } }

  var isStateless: Bool { false }

  func commit(_ batch: CommitBatch) async throws(StoreError) -> CommitOutcome {
    commits.withLock { $0.append(clock.uptime()) }
    switch rule.withLock({ $0 })(batch) {
    case .error(let error)?: throw error
    case .conflict?: return .conflict
    case nil: return try await base.commit(batch)
    }
  }

  /// Text with NUL cannot be asked about: `invalid byte sequence for encoding "UTF8": 0x00`.
  func load(
    _ streams: [StreamName], _ identities: [MessageIdentity], consumer: String
  ) async throws(StoreError) -> LoadedStreams {
    if streams.contains(where: { $0.key == "unreadable" }) {
      throw StoreError(.rejected, "DATABASE_STATEMENT [22021]: invalid byte sequence for encoding \"UTF8\": 0x00")
    }
    return try await base.load(streams, identities, consumer: consumer)
  }

  func claim(_ partitions: [TopicPartition], consumer: String) async throws(StoreError) -> [TopicPartition: LaneEpoch] {
    try await base.claim(partitions, consumer: consumer)
  }

  func recorded(_ identity: MessageIdentity, consumer: String) async throws(StoreError) -> RecordedAnswer? {
    try await base.recorded(identity, consumer: consumer)
  }

  func claimExecution(_ claim: ExecutionClaim) async throws(StoreError) -> ExecutionClaimOutcome {
    try await base.claimExecution(claim)
  }

  func release(_ claims: [ExecutionClaim]) async throws(StoreError) { try await base.release(claims) }

  func markStart(_ mark: StartMark) async throws(StoreError) -> StartOutcome { try await base.markStart(mark) }

  func lease(
    _ lane: TopicPartition, consumer: String, owner: String, expired: LeaseState?
  ) async throws(StoreError) -> LeaseAnswer {
    if let answer = self.lease.withLock({ $0 }) { return try answer.get() }
    return try await base.lease(lane, consumer: consumer, owner: owner, expired: expired)
  }

  func dueTimers(_ query: TimerQuery) async throws(StoreError) -> DueTimers { try await base.dueTimers(query) }

  func finish(_ timers: [DurableTimer], consumer: String) async throws(StoreError) {
    try await base.finish(timers, consumer: consumer)
  }
}
