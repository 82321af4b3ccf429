import OnexCore

/// Says that a batch is committed before it is: what follows is published first. As long as nobody is killed, all looks well.
struct LateStore: StreamStore {
  /// Longer than offsets take to reach the broker (1 s): what is published in between is not delivered again.
  private static let delay = Duration.seconds(3)

  let store: any StreamStore

  init(_ store: any StreamStore) { self.store = store }

  var isStateless: Bool { false }

  func commit(_ batch: CommitBatch) async throws(StoreError) -> CommitOutcome {
    Task {
      try? await SystemClock().sleep(for: LateStore.delay)
      _ = try? await store.commit(batch)
    }
    return .committed(repeats: [:])
  }

  func claim(_ partitions: [TopicPartition], consumer: String) async throws(StoreError) -> [TopicPartition: LaneEpoch] {
    try await store.claim(partitions, consumer: consumer)
  }

  func recorded(_ identity: MessageIdentity, consumer: String) async throws(StoreError) -> RecordedAnswer? {
    try await store.recorded(identity, consumer: consumer)
  }

  func claimExecution(_ claim: ExecutionClaim) async throws(StoreError) -> ExecutionClaimOutcome {
    try await store.claimExecution(claim)
  }

  func release(_ claims: [ExecutionClaim]) async throws(StoreError) { try await store.release(claims) }

  func markStart(_ mark: StartMark) async throws(StoreError) -> StartOutcome { try await store.markStart(mark) }

  func load(_ streams: [StreamName], _ identities: [MessageIdentity], consumer: String) async throws(StoreError) -> LoadedStreams
  {
    try await store.load(streams, identities, consumer: consumer)
  }

  func lease(
    _ lane: TopicPartition, consumer: String, owner: String, expired: LeaseState?
  ) async throws(StoreError) -> LeaseAnswer {
    try await store.lease(lane, consumer: consumer, owner: owner, expired: expired)
  }

  func dueTimers(_ query: TimerQuery) async throws(StoreError) -> DueTimers { try await store.dueTimers(query) }

  func finish(_ timers: [DurableTimer], consumer: String) async throws(StoreError) {
    try await store.finish(timers, consumer: consumer)
  }
}
