import OnexCore
import Synchronization

/// The life of one simulated process, shared by its store, its consumer and its producer: running, stopped (SIGSTOP) or dead (SIGKILL).
public final class SimulatedProcess: Sendable {
  public enum Condition: Sendable, Equatable { case running, stopped, dead }

  private let state = Mutex(Condition.running)
  private let changes = ChangeSignal()
  public let clock: any RuntimeClock
  public let fate: Fate
  /// Is told what the process does, to follow a seed that fails.
  let tell: @Sendable (String) -> Void

  public init(clock: any RuntimeClock, fate: Fate, tell: @escaping @Sendable (String) -> Void = { _ in }) {
    self.clock = clock
    self.fate = fate
    self.tell = tell
  }

  public var condition: Condition { state.withLock { $0 } }

  public func crash() { become(.dead) }
  public func stop() { become(.stopped) }
  public func resume() { become(.running) }

  private func become(_ condition: Condition) {
    // The dead stay dead.
    let isNew = state.withLock { state in
      guard state != .dead, state != condition else { return false }
      state = condition
      return true
    }
    guard isNew else { return }
    tell("is \(condition)")
    changes.notify()
  }

  /// Waits until the condition is another one than given, or the task is cancelled.
  public func wait(while condition: Condition) async {
    while !Task.isCancelled {
      let seen = changes.generation
      if self.condition != condition { return }
      await changes.wait(since: seen)
    }
  }

  struct Dead: Error {}

  /// Lets an operation begin: it waits out a stop, may take a while, and does not begin in a dead process.
  func begin(_ turn: Fate.Turn) async throws(Dead) {
    if turn.stopsBefore { stop() }
    if turn.crashesBefore { crash() }
    await wait(while: .stopped)
    if turn.delay > .zero { try? await clock.sleep(for: turn.delay) }
    await wait(while: .stopped)
    guard condition == .running, !Task.isCancelled else { throw Dead() }
  }

  func end(_ turn: Fate.Turn) async throws(Dead) {
    if turn.crashesAfter { crash() }
    await wait(while: .stopped)
    guard condition == .running else { throw Dead() }
  }
}
