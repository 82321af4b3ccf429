import OnexCore

/// Whether the consumer still makes progress, partition by partition. Pure: fed once a second.
struct Staleness {
  /// Polls that are further apart than this are a reason.
  let pollMax: Duration
  /// As long without a stored offset although records wait.
  let writeMax: Duration
  /// When each partition last moved, or had nothing to do.
  private var progress: [TopicPartition: Duration] = [:]

  init(pollMax: Duration, writeMax: Duration) {
    self.pollMax = pollMax
    self.writeMax = writeMax
  }

  struct Verdict: Equatable {
    let isPollStale: Bool
    /// Those that have records waiting and do not move, sorted.
    let stalePartitions: [TopicPartition]
  }

  /// - Parameter lag: records that wait in each partition's log. Without any, being idle is progress.
  mutating func judge(
    at now: Duration, lastPoll: Duration, settled: [TopicPartition: Duration], lag: [TopicPartition: Int64]
  ) -> Verdict {
    progress = Dictionary(
      uniqueKeysWithValues: lag.map { partition, records in
        let known = progress[partition] ?? now
        return (partition, records == 0 ? now : max(known, settled[partition] ?? known))
      })
    let stale = progress.filter { now - $0.value > writeMax }.keys
    return Verdict(
      isPollStale: now - lastPoll > pollMax,
      stalePartitions: stale.sorted { ($0.topic, $0.partition) < ($1.topic, $1.partition) })
  }
}
