import OnexCore
import OnexTestSupport

/// Moves a virtual clock on in small steps while the runtime works, as time does.
struct TimeWalk: Sendable {
  private static let step = Duration.milliseconds(50)
  /// Turns that other tasks are given between two steps.
  private static let turns = 20

  private let clock: VirtualClock

  init(_ clock: VirtualClock) { self.clock = clock }

  struct Lasting: Error {}

  /// Waits for `condition`, then walks on for `time`.
  func walk(_ time: Duration, once condition: () -> Bool) async throws {
    try await until(condition)
    let end = clock.uptime() + time
    while clock.uptime() < end { await step() }
  }

  func until(_ condition: () -> Bool) async throws {
    let end = clock.uptime() + .seconds(600)
    while !condition() {
      guard clock.uptime() < end else { throw Lasting() }
      await step()
    }
  }

  private func step() async {
    for _ in 0..<TimeWalk.turns { await Task.yield() }
    clock.advance(by: TimeWalk.step)
  }
}
