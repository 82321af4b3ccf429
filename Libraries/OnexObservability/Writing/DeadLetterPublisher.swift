import OnexCore

/// Puts bad rows where a person finds them. Does not give up: a record that is in no table and in no dead-letter topic either
/// would be lost.
struct DeadLetterPublisher: Sendable {
  let producer: any EventProducer
  let group: String
  let watch: DependencyWatch
  let clock: any RuntimeClock
  let isEnding: @Sendable () -> Bool

  private static let backoff = RetryPolicy(attemptsMax: .max, initialBackoff: .milliseconds(100), maxBackoff: .seconds(2))

  /// - Returns: false when the service ended before the broker had acknowledged all of them.
  func publish(_ rows: [(record: ConsumedRecord, row: BadRow)]) async -> Bool {
    var pending = rows.map { DeadLetter.record(for: $0.record, cause: cause($0.row)) }
    var attempt = 0
    while !pending.isEmpty {
      let failures = await producer.publish(pending)
      guard !failures.isEmpty else { break }
      attempt += 1
      report(failures)
      pending = failures.map { pending[$0.index] }
      let policy = DeadLetterPublisher.backoff
      let delay = policy.backoff(afterAttempt: attempt, random: .random(in: 0..<1)) ?? policy.maxBackoff
      guard !isEnding(), (try? await clock.sleep(for: delay)) != nil, !isEnding() else { return false }
    }
    watch.succeeded(.deadLetters)
    return true
  }

  private func cause(_ row: BadRow) -> DeadLetter.Cause {
    DeadLetter.Cause(
      code: row.code, reason: row.reason, consumerGroup: group, correlationID: row.correlationID, time: clock.now())
  }

  private func report(_ failures: [PublishFailure]) {
    guard let error = failures.first(where: { !$0.error.isRetriable })?.error ?? failures.first?.error else { return }
    watch.failed(.deadLetters, "\(failures.count) dead letters could not be written: \(error)")
  }
}
