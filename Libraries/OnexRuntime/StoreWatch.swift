import OnexCore
import OnexKernel
import OnexPostgres
import OnexService
import Synchronization

/// The database's clock as a process knows it. All processes of a deployment decide about time by this one: deadlines, what is journaled,
/// what is answered. Between two looks it goes on with the monotonic clock, so that a step of the machine's wall clock changes nothing.
package final class StoreClock: RuntimeClock {
  private let base: any RuntimeClock
  private let anchor = Mutex<(moment: Timestamp, uptime: Duration)?>(nil)

  /// - Parameter base: tells the time until the first look, and measures what has passed.
  package init(_ base: any RuntimeClock) { self.base = base }

  package func now() -> Timestamp {
    guard let anchor = anchor.withLock({ $0 }) else { return base.now() }
    return anchor.moment + (base.uptime() - anchor.uptime)
  }

  package func uptime() -> Duration { base.uptime() }
  package func sleep(untilUptime instant: Duration) async throws { try await base.sleep(untilUptime: instant) }

  /// Notes what the database's clock said between two moments of the monotonic clock. A difference within that uncertainty changes
  /// nothing: time would go to and fro with every look.
  ///
  /// - Returns: how far the machine's own wall clock is ahead of the database's; negative when it is behind.
  @discardableResult
  package func note(_ moment: Timestamp, sent: Duration, received: Duration) -> Duration {
    let half = max(received - sent, .zero) / 2
    anchor.withLock { anchor in
      if let known = anchor {
        let difference = moment - (known.moment + (sent + half - known.uptime))
        if difference >= .zero - half - .milliseconds(1), difference <= half + .milliseconds(1) { return }
      }
      anchor = (moment, sent + half)
    }
    let own = base.now() + (sent + half - base.uptime())
    return own - moment
  }
}

/// Writes a heartbeat now and then, so that `/ready` tells the truth also while there is nothing to commit: a database that answers and
/// takes no writes is as good as none. Keeps `StoreClock` at the database's time.
final class StoreWatch: Sendable {
  static let interval = Duration.seconds(5)
  /// A clock that is off by more is an operator's business: what other programs write down with it contradicts the runtime.
  static let clockSkewMax = Duration.seconds(5)
  static let clockSkew = "CLOCK_SKEW"
  static let clockJumped = "DATABASE_CLOCK_JUMPED"
  private static let check = "postgres"

  private let store: PostgresStore
  private let outages: OutageReporter
  private let context: ServiceContext
  private let clock: StoreClock
  private let machine: any RuntimeClock
  private let offset: Gauge
  private let last = Mutex<(moment: Timestamp, uptime: Duration)?>(nil)

  /// - Parameter machine: the process's own clock; `clock` is made from it.
  init(_ store: PostgresStore, outages: OutageReporter, context: ServiceContext, clock: StoreClock, machine: any RuntimeClock) {
    self.store = store
    self.outages = outages
    self.context = context
    self.clock = clock
    self.machine = machine
    offset = context.metrics.gauge(
      "onex_clock_offset_seconds", help: "Whole seconds that this machine's clock is ahead of the database's.")
  }

  /// - Returns: `nil` when the database takes no heartbeat.
  func look() async -> DatabaseBeat? {
    let sent = machine.uptime()
    let before = last.withLock { $0 }
    let beat: DatabaseBeat
    do {
      beat = try await store.beat(after: before.map { ($0.moment, sent - $0.uptime) })
    } catch {
      context.health.check(StoreWatch.check, state: .down, error: error.message)
      outages.failed(.ping, error)
      return nil
    }
    let received = machine.uptime()
    last.withLock { $0 = (beat.moment, sent + (received - sent) / 2) }
    context.health.check(StoreWatch.check, state: .up, latency: received - sent)
    outages.succeeded(.ping)
    tell(skew: clock.note(beat.moment, sent: sent, received: received))
    tell(isSteady: beat.isClockSteady)
    return beat
  }

  private func tell(skew: Duration) {
    offset.set(Int(clamping: skew.components.seconds))
    guard skew > StoreWatch.clockSkewMax || skew < .zero - StoreWatch.clockSkewMax else {
      return context.health.clear(StoreWatch.clockSkew)
    }
    let seconds = skew.components.seconds
    context.health.raise(
      StoreWatch.clockSkew,
      message:
        "the clock of this machine is \(abs(seconds)) s \(seconds > 0 ? "ahead of" : "behind") that of the database, which counts",
      blocksReadiness: false)
  }

  private func tell(isSteady: Bool) {
    guard !isSteady else { return context.health.clear(StoreWatch.clockJumped) }
    context.health.raise(
      StoreWatch.clockJumped,
      message: "the database's clock has jumped, or no service was here for two days: nothing is deleted for six hours",
      blocksReadiness: false)
  }
}
