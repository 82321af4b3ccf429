import OnexCore

/// Every bound of a pipeline, with its default.
public struct PipelineLimits: Sendable {
  public var lane = LaneLimits()
  /// What one poll brings at most.
  public var poll = PollLimit(records: 4096, bytes: 4 << 20, wait: .milliseconds(250))
  /// Records that wait to be committed and published; when there are more, nothing is polled for a moment.
  public var unsettledRecordsMax = 12_000
  /// The process's memory budget for work under way, over all lanes of a pipeline: records taken and not settled, with their headers,
  /// and outputs that are not acknowledged yet. When it is used up, every lane pauses until half of it is free. What is held beside
  /// it is bounded too: the client's prefetch and send queue (`KafkaBounds`), and two commits of `commitBytesMax`.
  public var unsettledBytesMax = 48 << 20
  /// One commit takes so much at most, in turn from the lanes that wait; a single settlement always fits.
  public var commitRecordsMax = 8192
  public var commitBytesMax = 4 << 20
  /// Conflicts of one record after which the record is given up.
  public var conflictsMax = 64
  /// Conflicts of one batch after which it is committed in halves.
  public var batchConflictsMax = 2
  /// Waits between attempts after a conflict: another commit has changed a stream meanwhile.
  public var conflict = RetryPolicy(
    attemptsMax: .max, initialBackoff: .milliseconds(2), maxBackoff: .seconds(1), jitter: 0.5)
  /// Commits under way at once, each of other lanes.
  public var commitsMax = 2
  /// How long polling may rest for that reason before full lanes are paused instead. Short: polling is what keeps the group
  /// membership and notices a revocation.
  public var restMax: Duration = .milliseconds(100)
  /// How long a lane that the group wants back may take to finish what has begun; the rest is done again by its new owner. A group may
  /// allow less (`EventConsumer.revocationMax`). Handlers end within their own limits, mostly long before.
  public var revocationMax: Duration = .seconds(60)
  /// The same while the store is away: what has begun cannot be committed, and another member may reach the store.
  public var revocationMaxInOutage: Duration = .seconds(10)
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
