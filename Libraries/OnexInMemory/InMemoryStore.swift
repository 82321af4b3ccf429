import OnexCore
import Synchronization

/// The store in memory: what the durable one promises, for as long as the process lives. Of answers it keeps the newest within a bound;
/// streams and timers are not bounded, since embedded mode and tests alone use it.
public final class InMemoryStore: StreamStore, JournalReader, ProjectionStore {
  public struct Limits: Sendable {
    public var entriesMax: Int
    public var bytesMax: Int

    public init(entriesMax: Int = 20_000, bytesMax: Int = 8 << 20) {
      self.entriesMax = entriesMax
      self.bytesMax = bytesMax
    }
  }

  private struct Identity: Hashable {
    let consumer: String
    let message: MessageIdentity
  }

  private struct Answer {
    let batch: RawUUID
    let position: Int
    let isSilenced: Bool
    let recorded: RecordedAnswer
  }

  private struct State {
    var answers: [Identity: Answer] = [:]
    var epochs: [String: [TopicPartition: LaneEpoch]] = [:]
    /// In order of arrival; those before `head` are forgotten.
    var order: [(identity: Identity, bytes: Int)] = []
    var head = 0
    var bytes = 0
    var streams = InMemoryStreams()
    var starts: [Identity: RawUUID] = [:]
    var claims: [Identity: ExecutionClaim] = [:]
    var leases: [String: [TopicPartition: (owner: String, state: LeaseState)]] = [:]
  }

  private let limits: Limits
  private let clock: any RuntimeClock
  private let state = Mutex(State())

  /// - Parameter clock: the store's own, which timers are due by; it may differ from those of the processes.
  public init(limits: Limits = Limits(), clock: any RuntimeClock = SystemClock()) {
    self.limits = limits
    self.clock = clock
  }

  public var isStateless: Bool { false }

  /// The store's clock, which timers are due by.
  public var now: Timestamp { clock.now() }

  public func claim(_ partitions: [TopicPartition], consumer: String) async throws(StoreError) -> [TopicPartition: LaneEpoch] {
    state.withLock { state in
      var epochs: [TopicPartition: LaneEpoch] = [:]
      for partition in partitions {
        let next = state.epochs[consumer]?[partition].map { $0 + 1 } ?? 1
        state.epochs[consumer, default: [:]][partition] = next
        epochs[partition] = next
      }
      return epochs
    }
  }

  public func recorded(_ identity: MessageIdentity, consumer: String) async throws(StoreError) -> RecordedAnswer? {
    state.withLock { $0.answers[Identity(consumer: consumer, message: identity)]?.recorded }
  }

  public func commit(_ batch: CommitBatch) async throws(StoreError) -> CommitOutcome {
    state.withLock { state in
      let fenced = batch.lanes.filter { state.epochs[batch.consumer]?[$0.key] != $0.value }
      guard fenced.isEmpty else { return .fenced(Set(fenced.keys)) }
      let identities = batch.entries.map { Identity(consumer: batch.consumer, message: $0.identity) }
      let isAgain = zip(identities, 0...).contains { state.answers[$0]?.batch == batch.id && state.answers[$0]?.position == $1 }
      guard !isAgain else { return again(batch, identities, state) }
      guard state.streams.accepts(batch.streams) else { return .conflict }
      var seen: Set<Identity> = []
      for (identity, entry) in zip(identities, batch.entries) {
        let isRepeat = !seen.insert(identity).inserted || state.answers[identity] != nil
        if isRepeat, entry.changesStreams { return .conflict }
      }
      return record(batch, identities, &state)
    }
  }

  /// The outcome of a batch that is committed already.
  private func again(_ batch: CommitBatch, _ identities: [Identity], _ state: State) -> CommitOutcome {
    var repeats: [Int: RecordedAnswer] = [:]
    var silenced: Set<Int> = []
    for (index, identity) in identities.enumerated() {
      guard let answer = state.answers[identity] else { continue }
      if answer.batch != batch.id || answer.position != index {
        repeats[index] = answer.recorded
      } else if answer.isSilenced {
        silenced.insert(index)
      }
    }
    return .committed(repeats: repeats, silenced: silenced)
  }

  private func record(_ batch: CommitBatch, _ identities: [Identity], _ state: inout State) -> CommitOutcome {
    var repeats: [Int: RecordedAnswer] = [:]
    var silenced: Set<Int> = []
    let responses = Set(
      batch.entries.compactMap { entry -> RawUUID? in
        if case .response(let id)? = entry.deadline { id } else { nil }
      })
    for (index, entry) in batch.entries.enumerated() {
      if let answer = state.answers[identities[index]] {
        repeats[index] = answer.recorded
        continue
      }
      let isInTime =
        entry.deadline.map { state.streams.take($0, consumer: batch.consumer, responses: responses) } ?? true
      if !isInTime { silenced.insert(index) }
      add(entry, index, batch.id, identities[index], isSilenced: !isInTime, &state)
    }
    for change in batch.streams { state.streams.apply(change) }
    for change in batch.timers { state.streams.apply(change, consumer: batch.consumer) }
    for change in batch.projections { state.streams.apply(change) }
    return .committed(repeats: repeats, silenced: silenced)
  }

  private func add(
    _ entry: CommitEntry, _ position: Int, _ batch: RawUUID, _ identity: Identity, isSilenced: Bool, _ state: inout State
  ) {
    // Copied: a slice would keep its whole batch in memory.
    let outputs = isSilenced ? [] : entry.outputs.map(InMemoryStore.copy)
    let bytes = outputs.reduce(0) { $0 + ($1.value?.count ?? 0) + ($1.key?.count ?? 0) }
    state.answers[identity] = Answer(
      batch: batch, position: position, isSilenced: isSilenced, recorded: RecordedAnswer(digest: entry.digest, outputs: outputs))
    state.order.append((identity, bytes))
    state.bytes += bytes
    while state.order.count - state.head > limits.entriesMax || state.bytes > limits.bytesMax {
      let oldest = state.order[state.head]
      state.answers[oldest.identity] = nil
      state.bytes -= oldest.bytes
      state.head += 1
    }
    if state.head > limits.entriesMax {
      state.order.removeFirst(state.head)
      state.head = 0
    }
  }

  private static func copy(_ record: OutboundRecord) -> OutboundRecord {
    func copied(_ bytes: Bytes?) -> Bytes? { bytes?.withUnsafeBytes { Bytes(copying: $0) } }
    return OutboundRecord(
      topic: record.topic, partition: record.partition, key: copied(record.key), value: copied(record.value),
      messageID: record.messageID, headers: record.headers.map { RecordHeader($0.name, copied($0.value)) })
  }

  // MARK: - Executions under way

  public func claimExecution(_ claim: ExecutionClaim) async throws(StoreError) -> ExecutionClaimOutcome {
    state.withLock { state in
      guard state.epochs[claim.consumer]?[claim.source] == claim.epoch else { return .fenced }
      let identity = Identity(consumer: claim.consumer, message: claim.identity.message)
      if let answer = state.answers[identity] { return .recorded(answer.recorded) }
      if let held = state.claims[identity], (held.source, held.offset) != (claim.source, claim.offset),
        state.epochs[held.consumer]?[held.source] == held.epoch
      {
        return .held(held.identity.digest)
      }
      state.claims[identity] = claim
      return .claimed
    }
  }

  /// As a database that has crashed: claims are not kept over that (migration 8).
  package func loseClaims() { state.withLock { $0.claims = [:] } }

  public func release(_ claims: [ExecutionClaim]) async throws(StoreError) {
    state.withLock { state in
      for claim in claims {
        let identity = Identity(consumer: claim.consumer, message: claim.identity.message)
        if state.claims[identity] == claim { state.claims[identity] = nil }
      }
    }
  }

  // MARK: - Effects that run at most once

  public func markStart(_ mark: StartMark) async throws(StoreError) -> StartOutcome {
    state.withLock { state in
      guard state.epochs[mark.consumer]?[mark.lane] == mark.epoch else { return .fenced }
      let identity = Identity(consumer: mark.consumer, message: mark.identity)
      let token = state.starts[identity] ?? mark.token
      state.starts[identity] = token
      return token == mark.token ? .started : .startedBefore
    }
  }

  // MARK: - Streams and timers

  public func load(
    _ streams: [StreamName], _ identities: [MessageIdentity], consumer: String
  ) async throws(StoreError) -> LoadedStreams {
    state.withLock { state in
      var loaded = LoadedStreams()
      for stream in streams { loaded.snapshots[stream] = state.streams.streams[stream]?.snapshot }
      for identity in identities {
        loaded.answers[identity] = state.answers[Identity(consumer: consumer, message: identity)]?.recorded
      }
      return loaded
    }
  }

  public func lease(
    _ lane: TopicPartition, consumer: String, owner: String, expired: LeaseState?
  ) async throws(StoreError) -> LeaseAnswer {
    state.withLock { state in
      let held = state.leases[consumer]?[lane]
      if let held, held.owner != owner, held.state != expired { return .taken(held.state) }
      var epoch = state.epochs[consumer]?[lane] ?? 0
      if held?.owner != owner { epoch += 1 }
      state.epochs[consumer, default: [:]][lane] = epoch
      let renewals = held?.state.renewals ?? 0
      let renewed = LeaseState(epoch: epoch, renewals: renewals < .max ? renewals + 1 : 0)
      state.leases[consumer, default: [:]][lane] = (owner, renewed)
      return .held(epoch)
    }
  }

  public func dueTimers(_ query: TimerQuery) async throws(StoreError) -> DueTimers {
    let now = clock.now()
    return state.withLock { $0.streams.due(query, now: now) }
  }

  public func finish(_ timers: [DurableTimer], consumer: String) async throws(StoreError) {
    state.withLock { $0.streams.finish(timers) }
  }

  // MARK: - The journal

  public func events(
    _ scope: JournalScope, after: JournalPlace?, until: Int64?, countMax: Int
  ) async throws(StoreError) -> [PlacedEvent] {
    state.withLock { $0.streams.events(scope, after: after, until: until, countMax: countMax) }
  }

  public func snapshots(_ streams: [StreamName]) async throws(StoreError) -> [StreamName: StreamSnapshot] {
    state.withLock { state in
      var found: [StreamName: StreamSnapshot] = [:]
      for stream in streams { found[stream] = state.streams.streams[stream]?.snapshot }
      return found
    }
  }

  /// A read model as it stands, for tests.
  public func projection(_ name: String) -> [ExactText: Bytes] {
    state.withLock { ($0.streams.projections[name] ?? [:]).compactMapValues(\.value) }
  }

  public func projections(of streams: [StreamName]) async throws(StoreError) -> [StreamName: [ProjectionChange]] {
    let rows = state.withLock { $0.streams.projections.values.flatMap(\.values) }
    let wanted = Set(streams)
    return Dictionary(grouping: rows.filter { $0.stream.map(wanted.contains) ?? false }) { row in
      row.stream ?? StreamName(handler: "", key: "")
    }
  }

  public func write(_ changes: [ProjectionChange]) async throws(StoreError) {
    state.withLock { state in for change in changes { state.streams.apply(change) } }
  }

  /// Timers that wait, for tests.
  public var timersPending: Int { state.withLock { $0.streams.timers.count } }

  /// The purposes of timers that wait, for tests.
  public var timerPurposes: [String] {
    state.withLock { $0.streams.timers.values.map { "\($0.timer.purpose) at \($0.timer.due)" } }
  }
}
