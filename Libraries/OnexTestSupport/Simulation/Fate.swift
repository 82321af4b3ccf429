import OnexCore
import Synchronization

/// What a seed has in store for one simulated process: delays, errors, crashes and stops, each drawn when an operation asks.
public final class Fate: Sendable {
  /// Probabilities per operation, in 1/10,000.
  public struct Odds: Sendable {
    public var storeFails = 200
    /// The store does what it was asked, and the answer is lost.
    public var storeAnswerIsLost = 200
    public var publishFails = 100
    public var crash = 60
    public var stop = 40
    public var delayMax: Duration = .milliseconds(20)

    public init() {}

    public static let calm: Odds = {
      var odds = Odds()
      (odds.storeFails, odds.storeAnswerIsLost, odds.publishFails, odds.crash, odds.stop) = (0, 0, 0, 0, 0)
      return odds
    }()
  }

  /// What becomes of one operation.
  public struct Turn: Sendable {
    public var delay: Duration
    public var crashesBefore = false
    public var crashesAfter = false
    public var stopsBefore = false
    public var fails = false
    public var answerIsLost = false
  }

  private struct State {
    var random: SplitMix
    var odds: Odds
  }

  private let state: Mutex<State>

  public init(seed: UInt64, odds: Odds) { state = Mutex(State(random: SplitMix(seed: seed), odds: odds)) }

  /// From now on nothing goes wrong, so that what is left can be finished.
  public func calmDown() { state.withLock { $0.odds = .calm } }

  public func storeTurn() -> Turn {
    turn { (state: inout State) in (state.odds.storeFails, state.odds.storeAnswerIsLost) }
  }

  public func publishTurn() -> Turn {
    turn { (state: inout State) in (state.odds.publishFails, 0) }
  }

  public func next(below bound: Int) -> Int { state.withLock { $0.random.next(below: bound) } }

  private func turn(_ failing: (inout State) -> (fails: Int, loses: Int)) -> Turn {
    state.withLock { state in
      let (fails, loses) = failing(&state)
      func happens(_ odds: Int) -> Bool { odds > 0 && state.random.next(below: 10_000) < odds }
      let delay = state.random.next(below: max(Int(state.odds.delayMax.microseconds), 1))
      var turn = Turn(delay: .microseconds(Int64(delay)))
      turn.fails = happens(fails)
      turn.answerIsLost = happens(loses)
      if happens(state.odds.crash) {
        if state.random.next(below: 2) == 0 { turn.crashesBefore = true } else { turn.crashesAfter = true }
      }
      turn.stopsBefore = happens(state.odds.stop)
      return turn
    }
  }
}
