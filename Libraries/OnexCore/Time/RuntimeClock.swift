/// Time as the runtime sees it: the wall clock for what is written down, a monotonic one for what is waited for. Simulations
/// and tests advance a virtual one.
public protocol RuntimeClock: Sendable {
  /// Wall-clock time; may jump.
  func now() -> Timestamp

  /// Time since an arbitrary start; never goes back.
  func uptime() -> Duration

  /// Returns when `uptime()` has reached `instant`; throws `CancellationError` when the task is cancelled first.
  func sleep(untilUptime instant: Duration) async throws
}

extension RuntimeClock {
  public func sleep(for duration: Duration) async throws {
    try await sleep(untilUptime: uptime() + duration)
  }
}

/// The machine's own clocks.
public struct SystemClock: RuntimeClock {
  private static let start = ContinuousClock.now

  public init() {}

  public func now() -> Timestamp { Timestamp(microseconds: SystemWallClock.microseconds()) }

  public func uptime() -> Duration { ContinuousClock.now - SystemClock.start }

  public func sleep(untilUptime instant: Duration) async throws {
    try await ContinuousClock().sleep(until: SystemClock.start + instant)
  }
}
