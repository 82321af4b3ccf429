/// What can go wrong between this process and the broker.
public struct EventBusError: Error, Sendable, Equatable, CustomStringConvertible {
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    public let description: String
    private init(_ description: String) { self.description = description }

    /// No broker can be reached.
    public static let unreachable = Code("BROKER_UNREACHABLE")
    /// The broker was reached and did not answer in time.
    public static let timedOut = Code("BROKER_TIMEOUT")
    public static let authentication = Code("BROKER_AUTHENTICATION")
    public static let authorization = Code("BROKER_AUTHORIZATION")
    public static let unknownTopic = Code("UNKNOWN_TOPIC")
    /// Somebody has made it already.
    public static let topicExists = Code("TOPIC_EXISTS")
    /// The record is larger than the topic accepts.
    public static let recordTooLarge = Code("RECORD_TOO_LARGE")
    /// The broker refuses the record for what it is: no key for a compacted topic, a time outside the topic's limits, a policy.
    public static let recordRefused = Code("RECORD_REFUSED")
    /// The local queue is full: more was published than the broker takes.
    public static let queueFull = Code("QUEUE_FULL")
    /// Another member owns the partition now, or another producer the transactional id.
    public static let fenced = Code("FENCED")
    public static let closed = Code("CLOSED")
    public static let configuration = Code("CONFIGURATION")
    /// The broker cannot do what was asked at all: it has no such request, or has it switched off.
    public static let unsupported = Code("BROKER_UNSUPPORTED")
    public static let other = Code("BROKER_ERROR")
  }

  public let code: Code
  /// The client library's own words; never contains credentials.
  public let message: String
  /// The same call may succeed later.
  public let isRetriable: Bool
  /// The client instance is of no further use; the process must end or make a new one.
  public let isFatal: Bool

  public init(_ code: Code, _ message: String, isRetriable: Bool = false, isFatal: Bool = false) {
    self.code = code
    self.message = message
    self.isRetriable = isRetriable
    self.isFatal = isFatal
  }

  public var description: String { "\(code): \(message)" }

  /// The broker answers and does not permit this: an operator must change something.
  public var isRefusal: Bool { code == .authorization }

  /// One record is refused for its size or content: the same record is refused each time, others are not.
  public var isAboutTheRecord: Bool { code == .recordTooLarge || code == .recordRefused }

  /// The same error with the topic that it is about.
  public func of(topic: String) -> EventBusError {
    EventBusError(code, "topic \(topic): \(message)", isRetriable: isRetriable, isFatal: isFatal)
  }
}
