/// The state of a leased lane. Every renewal and every change of hands gives another one.
public struct LeaseState: Sendable, Hashable {
  public let epoch: LaneEpoch
  /// Renewals since the lane exists; wraps to 0 after the largest number.
  public let renewals: Int64

  public init(epoch: LaneEpoch, renewals: Int64) {
    self.epoch = epoch
    self.renewals = renewals
  }
}

public enum LeaseAnswer: Sendable, Hashable {
  /// The lane is the caller's, under this epoch.
  case held(LaneEpoch)
  /// The lane is another owner's, in this state.
  case taken(LeaseState)
}

/// A contender's view of a lease: decides when its owner has stopped renewing it. Pure.
///
/// Only elapsed time counts, measured from after the answer that first showed a state to before the request that wants to replace it, so
/// that slow answers make a contender more patient and never less. An owner that was only stopped is fenced by its epoch.
public struct LeaseWatch: Sendable {
  private let time: Duration
  private var seen: (state: LeaseState, since: Duration)?

  /// - Parameter time: how long a state has to stay unchanged.
  public init(time: Duration) { self.time = time }

  /// The state that has been unchanged for the whole time.
  ///
  /// - Parameter uptime: the monotonic clock before the request.
  public func expired(at uptime: Duration) -> LeaseState? {
    guard let seen, uptime - seen.since >= time else { return nil }
    return seen.state
  }

  /// Notes an answer.
  ///
  /// - Parameter uptime: the monotonic clock after the answer.
  public mutating func note(_ answer: LeaseAnswer, at uptime: Duration) {
    switch answer {
    case .held: seen = nil
    case .taken(let state):
      if seen?.state != state { seen = (state, uptime) }
    }
  }
}
