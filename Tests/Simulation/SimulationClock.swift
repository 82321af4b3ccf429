import OnexCore
import OnexRuntime
import OnexTestSupport
import Synchronization

/// A simulation's time, and the world that its effects reach.
struct SimulationClock: RuntimeClock {
  let time: any RuntimeClock
  let world: OutsideWorld

  func now() -> Timestamp { time.now() }
  func uptime() -> Duration { time.uptime() }
  func sleep(untilUptime instant: Duration) async throws { try await time.sleep(untilUptime: instant) }
}

/// One machine's clock: time passes as everywhere, and the wall clock is off by as much as it was set wrong.
struct SkewedClock: RuntimeClock {
  let base: any RuntimeClock
  let skew: Duration

  func now() -> Timestamp { base.now() + skew }
  func uptime() -> Duration { base.uptime() }
  func sleep(untilUptime instant: Duration) async throws { try await base.sleep(untilUptime: instant) }
}

/// The database's clock, which somebody may set while everything runs.
final class SteppedClock: RuntimeClock {
  private let base: any RuntimeClock
  private let offsets = Mutex<(now: Duration, max: Duration)>((.zero, .zero))

  init(_ base: any RuntimeClock) { self.base = base }

  /// The furthest that it was ahead of the simulation's time.
  var furthestAhead: Duration { offsets.withLock { $0.max } }

  /// How it was set before anything began.
  func begin(at offset: Duration) { offsets.withLock { $0 = (offset, offset) } }

  func step(by step: Duration) {
    offsets.withLock { offsets in
      offsets.now += step
      offsets.max = max(offsets.max, offsets.now)
    }
  }

  func now() -> Timestamp { base.now() + offsets.withLock { $0.now } }
  func uptime() -> Duration { base.uptime() }
  func sleep(untilUptime instant: Duration) async throws { try await base.sleep(untilUptime: instant) }
}
