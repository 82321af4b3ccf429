import OnexCore

/// Every bound of a pipeline, with its default.
public struct PipelineLimits: Sendable {
  public var lane = LaneLimits()
  /// What one poll brings at most.
  public var poll = PollLimit(records: 4096, bytes: 4 << 20, wait: .milliseconds(250))
  /// Records that wait to be committed and published; when there are more, nothing is polled for a moment.
  public var unsettledRecordsMax = 12_000
  /// Commits under way at once, each of other lanes.
  public var commitsMax = 2
  /// How long polling may rest for that reason before full lanes are paused instead. Short: polling is what keeps the group
  /// membership and notices a revocation.
  public var restMax: Duration = .milliseconds(100)
  /// How long a lane that the group wants back may take to finish what is in flight; the rest is done again by its new owner.
  /// Below the interval after which the group takes the partitions away (`max.poll.interval.ms`, 12 s).
  public var revocationMax: Duration = .seconds(10)
  /// How long a lane rests that another member has claimed: long enough for the group to say who is right.
  public var fencedRest: Duration = .seconds(3)
  /// How long the timers stay a process's that does not renew its claim: this late they fire at most after it died.
  public var timerLease: Duration = .seconds(6)
  /// Timers that other processes set are noticed after this time at the latest.
  public var timerPollMax: Duration = .milliseconds(250)
  /// Timers that fire in one batch.
  public var timerBatchMax = 1000
  /// Waits between attempts while broker or store are away.
  public var outage = RetryPolicy.outage

  public init() {}
}
