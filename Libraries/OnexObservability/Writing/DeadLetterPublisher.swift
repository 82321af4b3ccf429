import OnexCore

/// Puts bad rows where a person finds them. A record that is in no table and in no dead-letter topic either would be lost, so
/// its batch is not settled before the broker has acknowledged it.
struct DeadLetterPublisher: Sendable {
  /// After a failed attempt.
  static let retryAfter: Duration = .seconds(1)

  let producer: any EventProducer
  let group: String
  let watch: DependencyWatch
  let clock: any RuntimeClock
  /// The producer failed for good: no attempt helps, only another process.
  let isBroken: @Sendable (EventBusError) -> Void

  /// - Returns: when to try again; `nil` when the broker has acknowledged all of them.
  func publish(_ rows: [(record: ConsumedRecord, row: BadRow)]) async -> Duration? {
    let failures = await producer.publish(rows.map { DeadLetter.record(for: $0.record, cause: cause($0.row)) })
    guard !failures.isEmpty else {
      watch.succeeded(.deadLetters)
      return nil
    }
    let error = failures.first { !$0.error.isRetriable }?.error ?? failures[0].error
    if let fatal = failures.first(where: { $0.error.isFatal }) { isBroken(fatal.error) }
    watch.failed(.deadLetters, "\(failures.count) dead letters could not be written: \(error)")
    return DeadLetterPublisher.retryAfter
  }

  private func cause(_ row: BadRow) -> DeadLetter.Cause {
    DeadLetter.Cause(
      code: row.code, reason: row.reason, consumerGroup: group, correlationID: row.correlationID, time: clock.now())
  }
}
