/// Where a consumer remembers what it has answered (the inbox). PostgreSQL keeps it in production; the in-memory twin serves
/// embedded mode and tests; a stateless role keeps nothing and lets its receivers drop repeats by id. One conformance suite runs
/// against every implementation that remembers.
public protocol Store: Sendable {
  /// Nothing is ever remembered, so that callers need not prepare entries.
  var isStateless: Bool { get }

  /// Takes lanes over: every earlier claim of the same partitions ends, and whoever still holds one can commit no more.
  ///
  /// - Returns: the epoch of each, higher than any before it.
  func claim(_ partitions: [TopicPartition], consumer: String) async throws(StoreError) -> [TopicPartition: LaneEpoch]

  /// The answer recorded for a request, `nil` when it has not been answered yet.
  func recorded(_ identity: MessageIdentity, consumer: String) async throws(StoreError) -> RecordedAnswer?

  /// Reserves a request before its handler runs, so that no other partition, process or repeat runs it meanwhile.
  ///
  /// A claim lasts until it is released, or until its partition is claimed by another member. The same record claims again with success.
  func claimExecution(_ claim: ExecutionClaim) async throws(StoreError) -> ExecutionClaimOutcome

  /// Releases claims whose answers are committed. A claim that another record holds by now stays.
  func release(_ claims: [ExecutionClaim]) async throws(StoreError)

  /// Records a batch, all of it or nothing. A batch whose outcome is unknown may be committed again under its own id.
  func commit(_ batch: CommitBatch) async throws(StoreError) -> CommitOutcome

  /// Notes that work is about to start that must never start twice. A note whose outcome is unknown may be made again under its token.
  func markStart(_ mark: StartMark) async throws(StoreError) -> StartOutcome
}

/// The right to run the handler of one request, held by one record of an assigned partition.
public struct ExecutionClaim: Sendable, Hashable {
  public let consumer: String
  public let identity: RequestIdentity
  public let source: TopicPartition
  public let offset: Int64
  /// The claim of the partition in the store: once another member has a later one, this claim is void.
  public let epoch: LaneEpoch

  public init(consumer: String, identity: RequestIdentity, source: TopicPartition, offset: Int64, epoch: LaneEpoch) {
    self.consumer = consumer
    self.identity = identity
    self.source = source
    self.offset = offset
    self.epoch = epoch
  }
}

public enum ExecutionClaimOutcome: Sendable {
  case claimed
  /// The request has been answered before.
  case recorded(RecordedAnswer)
  /// A request with this digest is under way under the same identity.
  case held(RequestDigest?)
  /// Another member has claimed the partition.
  case fenced
}

/// The note that precedes work with `delivery: at_most_once`.
public struct StartMark: Sendable {
  public let consumer: String
  public let identity: MessageIdentity
  public let lane: TopicPartition
  public let epoch: LaneEpoch
  /// The same for every attempt to make this note.
  public let token: RawUUID

  public init(consumer: String, identity: MessageIdentity, lane: TopicPartition, epoch: LaneEpoch, token: RawUUID) {
    self.consumer = consumer
    self.identity = identity
    self.lane = lane
    self.epoch = epoch
    self.token = token
  }
}

public enum StartOutcome: String, Sendable {
  case started
  /// Somebody has started it before: whether it took effect is not known here.
  case startedBefore = "started_before"
  /// The lane was claimed by somebody else.
  case fenced
}

/// Which claim of a lane this is; a later one is higher.
public typealias LaneEpoch = Int64

public struct CommitBatch: Sendable {
  /// The same for every attempt to commit this batch.
  public let id: RawUUID
  public let consumer: String
  /// The claims under which the entries were worked on, of every partition that occurs in them.
  public let lanes: [TopicPartition: LaneEpoch]
  public let entries: [CommitEntry]
  /// At most one of each stream.
  public var streams: [StreamChange] = []
  /// In order: a later one of the same id wins.
  public var timers: [TimerChange] = []
  public var projections: [ProjectionChange] = []
  /// When it was decided.
  public let time: Timestamp

  public init(
    id: RawUUID, consumer: String, lanes: [TopicPartition: LaneEpoch], entries: [CommitEntry],
    time: Timestamp = Timestamp(microseconds: 0)
  ) {
    self.id = id
    self.consumer = consumer
    self.lanes = lanes
    self.entries = entries
    self.time = time
  }

  /// Nothing but inbox entries.
  public var isPlain: Bool {
    streams.isEmpty && timers.isEmpty && projections.isEmpty && entries.allSatisfy { $0.deadline == nil }
  }
}

public struct CommitEntry: Sendable {
  public let identity: MessageIdentity
  /// What the request asks for, where another request could come under the same identity.
  public let digest: RequestDigest?
  public let source: TopicPartition
  public let offset: Int64
  public let outputs: [OutboundRecord]
  /// Set where the entry competes with the deadline of a request.
  public let deadline: DeadlineClaim?
  /// The entry changes streams: were it a repeat, its batch must not be applied.
  public let changesStreams: Bool

  public init(
    identity: MessageIdentity, digest: RequestDigest? = nil, source: TopicPartition, offset: Int64, outputs: [OutboundRecord],
    deadline: DeadlineClaim? = nil, changesStreams: Bool = false
  ) {
    self.identity = identity
    self.digest = digest
    self.source = source
    self.offset = offset
    self.outputs = outputs
    self.deadline = deadline
    self.changesStreams = changesStreams
  }
}

public enum CommitOutcome: Sendable {
  /// - Parameters:
  ///   - repeats: by position in the batch, the answers recorded earlier. Publish those instead.
  ///   - silenced: positions of entries that came too late for their `deadline` claim. Publish nothing of them.
  case committed(repeats: [Int: RecordedAnswer], silenced: Set<Int> = [])
  /// Nothing was committed: a stream has changed since it was loaded, or one of the entries has been answered since. Load again and
  /// decide anew.
  case conflict
  /// Nothing was committed: somebody else has claimed these lanes since.
  case fenced(Set<TopicPartition>)
}

/// What a request was answered when it came first.
public struct RecordedAnswer: Sendable {
  public let digest: RequestDigest?
  public let outputs: [OutboundRecord]

  public init(digest: RequestDigest?, outputs: [OutboundRecord]) {
    self.digest = digest
    self.outputs = outputs
  }
}

public struct StoreError: Error, Sendable, CustomStringConvertible {
  public enum Code: String, Sendable {
    /// The store cannot be reached, restarts or has no room: the same call may succeed later.
    case unavailable = "STORE_UNAVAILABLE"
    /// The store refuses what it was given for its content: the same entries are refused each time, others may be taken.
    case rejected = "STORE_REJECTED"
    /// The store refuses to work for this program: a privilege, a table or a function is missing. An operator must change something.
    case refused = "STORE_REFUSED"
    /// Anything else.
    case failed = "STORE_FAILED"
  }

  public let code: Code
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { "\(code.rawValue): \(message)" }
}

/// Remembers nothing.
public struct StatelessStore: Store {
  public init() {}

  public var isStateless: Bool { true }

  public func claim(_ partitions: [TopicPartition], consumer: String) async throws(StoreError) -> [TopicPartition: LaneEpoch] {
    Dictionary(uniqueKeysWithValues: partitions.map { ($0, 0) })
  }

  public func recorded(_ identity: MessageIdentity, consumer: String) async throws(StoreError) -> RecordedAnswer? { nil }

  public func claimExecution(_ claim: ExecutionClaim) async throws(StoreError) -> ExecutionClaimOutcome { .claimed }

  public func release(_ claims: [ExecutionClaim]) async throws(StoreError) {}

  public func commit(_ batch: CommitBatch) async throws(StoreError) -> CommitOutcome { .committed(repeats: [:]) }

  /// A role that remembers nothing cannot promise anything: it refuses such contracts when it loads them.
  public func markStart(_ mark: StartMark) async throws(StoreError) -> StartOutcome { .startedBefore }
}
