/// The part of the store that keeps streams, their events and durable timers. Only `runtime-main` needs it. One conformance suite runs
/// against PostgreSQL and the in-memory twin.
public protocol StreamStore: Store {
  /// Streams and earlier answers, in one look. `identities` belong to messages that are about to change those streams.
  func load(_ streams: [StreamName], _ identities: [MessageIdentity], consumer: String) async throws(StoreError) -> LoadedStreams

  /// Takes or renews a lane that no broker assigns. Another owner's lane is taken only while it is still in the state `expired`, which the
  /// caller has seen unchanged for the time of the lease by its own monotonic clock (`LeaseWatch`). No wall clock decides.
  func lease(
    _ lane: TopicPartition, consumer: String, owner: String, expired: LeaseState?
  ) async throws(StoreError) -> LeaseAnswer

  /// Timers that are due by the store's clock, the earliest first, and when the next one after those is due.
  func dueTimers(_ query: TimerQuery) async throws(StoreError) -> DueTimers

  /// Forgets timers that have fired and whose outputs are published. One that was moved meanwhile stays.
  func finish(_ timers: [DurableTimer], consumer: String) async throws(StoreError)
}

public struct TimerQuery: Sendable {
  /// The handlers whose timers are meant.
  public enum Handlers: Sendable, Hashable {
    /// These handlers, and the deadlines of requests, which belong to no handler.
    case these([String])
    /// These handlers alone.
    case only([String])
    /// Every other handler; only timers that are due, without `nextDue`.
    case others(than: [String])
  }

  public let consumer: String
  public let countMax: Int
  /// A process asks for streams that it can fold; timers of others are left to the process that can.
  public let handlers: Handlers
  /// With `.others`: timers that are due within this time count as well.
  public let ahead: Duration

  public init(consumer: String, countMax: Int, handlers: Handlers, ahead: Duration = .zero) {
    self.consumer = consumer
    self.countMax = countMax
    self.handlers = handlers
    self.ahead = ahead
  }
}

public struct DueTimers: Sendable {
  /// The store's clock when it looked: deadlines fire by this one clock, whichever process asks.
  public let now: Timestamp
  public let timers: [DurableTimer]
  /// Later than `now`, unless more timers are due than were asked for.
  public let nextDue: Timestamp?

  public init(now: Timestamp, timers: [DurableTimer], nextDue: Timestamp?) {
    self.now = now
    self.timers = timers
    self.nextDue = nextDue
  }
}

/// Reads what was journaled, for replay and for tools.
public protocol JournalReader: Sendable {
  /// Events of one stream after another, each stream's in order, in pages: `after` is the last one of the page before.
  ///
  /// - Parameters:
  ///   - scope: which streams.
  ///   - until: events with a higher global sequence are left out.
  func events(_ scope: JournalScope, after: JournalPlace?, until: Int64?, countMax: Int) async throws(StoreError) -> [PlacedEvent]

  /// The state kept beside the events, of streams by name.
  func snapshots(_ streams: [StreamName]) async throws(StoreError) -> [StreamName: StreamSnapshot]
}

/// Read models, for tools that repair them.
public protocol ProjectionStore: Sendable {
  /// The rows that follow from each of the streams.
  func projections(of streams: [StreamName]) async throws(StoreError) -> [StreamName: [ProjectionChange]]

  func write(_ changes: [ProjectionChange]) async throws(StoreError)
}

public enum JournalScope: Sendable, Hashable {
  case all
  /// Streams in which something is still expected to happen.
  case open
  case stream(StreamName)
}

/// Where a reader of the journal has come to.
public struct JournalPlace: Sendable, Hashable {
  public let streamNumber: Int64
  public let streamSequence: Int64

  public init(streamNumber: Int64, streamSequence: Int64) {
    self.streamNumber = streamNumber
    self.streamSequence = streamSequence
  }
}

public struct PlacedEvent: Sendable {
  public let place: JournalPlace
  public let event: RecordedEvent

  public init(place: JournalPlace, event: RecordedEvent) {
    self.place = place
    self.event = event
  }
}
