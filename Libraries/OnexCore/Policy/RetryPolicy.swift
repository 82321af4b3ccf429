/// When a failed attempt is made again: exponential backoff with jitter and a bound.
public struct RetryPolicy: Sendable, Hashable {
  public let attemptsMax: Int
  public let initialBackoff: Duration
  public let maxBackoff: Duration
  public let multiplier: Double
  /// Share of the backoff that is random, 0 to 1: at 0.2 a backoff of 1 s lasts 0.8 to 1 s. It keeps clients that failed
  /// together from coming back together.
  public let jitter: Double

  public init(
    attemptsMax: Int = 3, initialBackoff: Duration = .milliseconds(100), maxBackoff: Duration = .seconds(10),
    multiplier: Double = 2, jitter: Double = 0.2
  ) {
    precondition(attemptsMax >= 1 && multiplier >= 1 && (0...1).contains(jitter), "a retry policy within its ranges")
    self.attemptsMax = attemptsMax
    self.initialBackoff = initialBackoff
    self.maxBackoff = maxBackoff
    self.multiplier = multiplier
    self.jitter = jitter
  }

  /// One attempt and no other.
  public static let never = RetryPolicy(attemptsMax: 1)

  /// For outages: as long as it takes, never slower than every five seconds.
  public static let outage = RetryPolicy(attemptsMax: .max, initialBackoff: .milliseconds(100), maxBackoff: .seconds(5))

  /// How long to wait after attempt number `attempt` (1 is the first) has failed; `nil` when it was the last.
  ///
  /// - Parameter random: uniform in 0..<1, given by the caller so that the decision stays pure.
  public func backoff(afterAttempt attempt: Int, random: Double) -> Duration? {
    guard attempt < attemptsMax else { return nil }
    var backoff = initialBackoff
    for _ in 1..<max(attempt, 1) where backoff < maxBackoff { backoff = backoff * multiplier }
    backoff = min(backoff, maxBackoff)
    return backoff - backoff * (jitter * random)
  }
}
