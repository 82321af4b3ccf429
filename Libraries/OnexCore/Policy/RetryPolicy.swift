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
    // In floating point: growth beyond every duration becomes infinite instead of overflowing.
    let growth = RetryPolicy.power(multiplier, max(attempt, 1) - 1)
    let wanted = initialBackoff.seconds * growth
    let backoff = wanted < maxBackoff.seconds ? max(initialBackoff, .microseconds(Int64(wanted * 1_000_000))) : maxBackoff
    return backoff - backoff * (jitter * random)
  }

  /// `base` to a whole power of 0 or more, in as many steps as the exponent has bits.
  private static func power(_ base: Double, _ exponent: Int) -> Double {
    var (result, square, left) = (1.0, base, exponent)
    while left > 0 {
      if left & 1 == 1 { result *= square }
      square *= square
      left >>= 1
    }
    return result
  }
}
