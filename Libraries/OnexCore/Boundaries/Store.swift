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

  /// Records a batch, all of it or nothing. A batch whose outcome is unknown may be committed again under its own id.
  func commit(_ batch: CommitBatch) async throws(StoreError) -> CommitOutcome
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

  public init(id: RawUUID, consumer: String, lanes: [TopicPartition: LaneEpoch], entries: [CommitEntry]) {
    self.id = id
    self.consumer = consumer
    self.lanes = lanes
    self.entries = entries
  }
}

public struct CommitEntry: Sendable {
  public let identity: MessageIdentity
  /// What the request asks for, where another request could come under the same identity.
  public let digest: RequestDigest?
  public let source: TopicPartition
  public let offset: Int64
  public let outputs: [OutboundRecord]

  public init(
    identity: MessageIdentity, digest: RequestDigest? = nil, source: TopicPartition, offset: Int64, outputs: [OutboundRecord]
  ) {
    self.identity = identity
    self.digest = digest
    self.source = source
    self.offset = offset
    self.outputs = outputs
  }
}

public enum CommitOutcome: Sendable {
  /// - Parameter repeats: by position in the batch, the answers recorded earlier. Publish those instead.
  case committed(repeats: [Int: RecordedAnswer])
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
    /// The store cannot be reached or is restarting: the same commit may succeed later.
    case unavailable = "STORE_UNAVAILABLE"
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

  public func commit(_ batch: CommitBatch) async throws(StoreError) -> CommitOutcome { .committed(repeats: [:]) }
}
