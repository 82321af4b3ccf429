/// Whether the consumer still makes progress. Pure: fed once a second.
struct Staleness {
  /// Polls that are further apart than this are a reason.
  let pollMax: Duration
  /// As long without a settled batch although records wait.
  let writeMax: Duration
  private var lastProgress: Duration

  init(pollMax: Duration, writeMax: Duration, startedAt: Duration) {
    self.pollMax = pollMax
    self.writeMax = writeMax
    lastProgress = startedAt
  }

  struct Verdict: Equatable {
    let isPollStale: Bool
    let isWriteStale: Bool
  }

  /// - Parameter lag: records that wait in the log. Without any, being idle is progress.
  mutating func judge(at now: Duration, lastPoll: Duration, lastSettled: Duration, lag: Int64) -> Verdict {
    lastProgress = max(lastProgress, lastSettled)
    if lag == 0 { lastProgress = now }
    return Verdict(isPollStale: now - lastPoll > pollMax, isWriteStale: now - lastProgress > writeMax)
  }
}
