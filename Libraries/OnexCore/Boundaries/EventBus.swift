/// The log that services talk over: Kafka in production, an in-memory twin in tests and in embedded mode. One conformance
/// suite runs against every implementation.
public protocol EventBus: Sendable {
  /// Joins a consumer group. Returns at once; the assignment arrives as an event.
  func consumer(_ subscription: Subscription) throws(EventBusError) -> any EventConsumer

  func producer() throws(EventBusError) -> any EventProducer

  /// Returns when the positions to start from are known.
  func reader(topics: [String], from start: ReaderStart) async throws(EventBusError) -> any EventReader
}

public struct Subscription: Sendable {
  public enum Start: String, Sendable { case earliest, latest }

  /// Every member of one group subscribes to the same topics.
  public let topics: [String]
  public let group: String
  /// Where a group without a stored offset begins.
  public let start: Start
  /// Names this member across restarts (static membership, KIP-345): a process that comes back under the same name has its
  /// partitions again at once, where a new member would wait until the old one is given up. `nil` for members that come and go.
  public let instance: String?

  public init(topics: [String], group: String, start: Start = .earliest, instance: String? = nil) {
    precondition(!topics.isEmpty, "a subscription names a topic")
    self.topics = topics
    self.group = group
    self.start = start
    self.instance = instance
  }
}

/// What one poll may return at most, and how long it may wait for the first record.
public struct PollLimit: Sendable {
  public let records: Int
  public let bytes: Int
  public let wait: Duration

  public init(records: Int = 1000, bytes: Int = 4 << 20, wait: Duration = .milliseconds(100)) {
    precondition(records > 0 && bytes > 0, "a poll that may return nothing never ends")
    self.records = records
    self.bytes = bytes
    self.wait = wait
  }
}

/// What happened since the last poll, in order.
public enum ConsumerEvent: Sendable {
  /// Records of one or several partitions; those of one partition are in offset order.
  case records([ConsumedRecord])

  /// Partitions added to this member (cooperative: the others stay). An empty list says that the member has joined and
  /// stands by.
  case assigned([TopicPartition])

  /// The group wants these back. They stay this member's until `completeRevocation` is called: finish what is in flight,
  /// store its offsets, then give them up.
  case revoking([TopicPartition])

  /// These are already somebody else's (session timed out). Nothing of theirs may be stored or published any more.
  case lost([TopicPartition])

  /// Records from `from` up to, and not including, `to` were deleted (retention, `DeleteRecords`) before this group read them. `from`
  /// is the offset that was to be read next, `to` the first one that is still there and is read next. Comes before the record at `to`
  /// when a member learns of it at its assignment, otherwise within seconds after it.
  case skipped(TopicPartition, from: Int64, to: Int64)

  /// The log is shorter than what was read of it: the topic was made again, or its end was lost (an unclean leader election). `from`
  /// is the offset that was to be read next; reading goes on at `to`, which is smaller, unless the group begins at the end of a log.
  case wentBack(TopicPartition, from: Int64, to: Int64)

  /// Something is wrong that the operator should see. Unless `isFatal`, the consumer recovers by itself.
  case fault(EventBusError)

  /// An earlier fault is over: the broker answers again.
  case recovered
}

/// A member of a consumer group. One task polls; the other calls may come from any task.
public protocol EventConsumer: AnyObject, Sendable {
  /// Waits up to `limit.wait` for something to happen; an empty array says that nothing did. Polling is also what keeps the
  /// membership alive: call it again at least every few seconds, and use `pause` when there is no room for more records.
  func poll(_ limit: PollLimit) async -> [ConsumerEvent]

  /// Ends a revocation: the partitions are free for another member.
  func completeRevocation(_ partitions: [TopicPartition])

  /// How long partitions that the group wants back may be kept before the group takes all of this member's partitions away.
  var revocationMax: Duration { get }

  /// Marks everything before each given offset as processed. What is marked is committed to the broker in the background,
  /// on `completeRevocation` and on `close`.
  func storeOffsets(_ next: [TopicPartition: Int64]) throws(EventBusError)

  /// Commits what is stored now and waits for the broker's answer.
  func commit() async throws(EventBusError)

  /// A paused partition stays assigned and returns no records.
  func pause(_ partitions: [TopicPartition])
  func resume(_ partitions: [TopicPartition])

  /// The next poll continues at `offset`.
  func seek(_ partition: TopicPartition, to offset: Int64) throws(EventBusError)

  /// Records between the stored offset and the end of each assigned partition, as last measured.
  func lag() -> [TopicPartition: Int64]

  /// Leaves the group after committing what is stored. Idempotent.
  func close() async
}

extension EventConsumer {
  public var revocationMax: Duration { .seconds(10) }
}

/// Writes records. Order within a partition is the order of the calls, also across retries (idempotent producer).
public protocol EventProducer: AnyObject, Sendable {
  /// Queues records behind those of earlier calls and returns at once. An outage is waited out: the order would be lost if
  /// somebody else repeated what failed in the middle.
  func send(_ records: [OutboundRecord]) -> Publication

  /// Waits up to `timeout` for what is in flight, then closes. Idempotent.
  func close(timeout: Duration) async
}

extension EventProducer {
  /// Returns when the broker has acknowledged every record of the batch, or has refused it.
  ///
  /// - Returns: what was not written; empty when everything was. Retriable failures may be published again.
  public func publish(_ records: [OutboundRecord]) async -> [PublishFailure] { await send(records).failures() }
}

public struct PublishFailure: Sendable {
  /// Position in the published batch.
  public let index: Int
  public let error: EventBusError

  public init(index: Int, error: EventBusError) {
    self.index = index
    self.error = error
  }
}
