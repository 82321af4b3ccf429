/// When a consumer asks whether its broker is there. Pure: times are given.
///
/// librdkafka reports that all brokers are gone, but not each time (2.0.2 is silent about an outage that follows soon on another), and
/// never that they are back. So a consumer that has heard nothing for a while asks, and one that knows of an outage asks often.
struct Reachability: Sendable {
  /// Records are the best answer; nobody is asked while they come.
  static let silenceMax: Duration = .seconds(5)
  static let intervalInOutage: Duration = .milliseconds(500)
  /// A single answer may be late for other reasons.
  static let failuresMax = 2
  static let timeoutMS: Int32 = 1000
  /// Short, since reading may be possible again meanwhile.
  static let timeoutInOutageMS: Int32 = 100

  private var heardAt: Duration
  private var askedAt: Duration
  private var failures = 0

  init(now: Duration) {
    heardAt = now
    askedAt = now
  }

  /// Whether to ask, and how many milliseconds to wait for the answer.
  func due(_ now: Duration, isOutage: Bool) -> Int32? {
    if isOutage { return now - askedAt > Reachability.intervalInOutage ? Reachability.timeoutInOutageMS : nil }
    let silence = failures == 0 ? Reachability.silenceMax : Reachability.intervalInOutage
    return now - max(heardAt, askedAt) > silence ? Reachability.timeoutMS : nil
  }

  mutating func heard(_ now: Duration) {
    heardAt = now
    failures = 0
  }

  /// - Returns: whether the broker is to be called away.
  mutating func asked(_ now: Duration, hasAnswered: Bool) -> Bool {
    askedAt = now
    failures = hasAnswered ? 0 : failures + 1
    return failures >= Reachability.failuresMax
  }
}
