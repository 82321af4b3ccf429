import OnexCore
import OnexTestSupport

/// A simulation's time, and the world that its effects reach.
struct SimulationClock: RuntimeClock {
  let time: VirtualClock
  let world: OutsideWorld

  func now() -> Timestamp { time.now() }
  func uptime() -> Duration { time.uptime() }
  func sleep(untilUptime instant: Duration) async throws { try await time.sleep(untilUptime: instant) }
}
