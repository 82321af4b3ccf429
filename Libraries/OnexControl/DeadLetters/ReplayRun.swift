import OnexCore

/// Sends chosen dead letters back and marks each that the broker has acknowledged.
///
/// The marker follows the record: who is interrupted in between sends some of a batch a second time with the next run, and loses
/// none.
struct ReplayRun: Sendable {
  /// How long the broker may take for one batch. The producer would wait an outage out; a person does not.
  private static let patience: Duration = .seconds(30)
  /// More of them have one cause.
  private static let failuresMax = 100

  let log: DeadLetterLog
  let chosen: Set<LogPlace>
  let pace: ReplayPace
  let producer: any EventProducer
  let clock: any RuntimeClock

  /// - Returns: `report`, with what was sent and what was not.
  func perform(_ report: ReplayReport) async throws(ControlFailure) -> ReplayReport {
    var report = report
    var tried = 0
    let start = clock.uptime()
    try await log.each { records in
      var letters = records.filter { chosen.contains(LogPlace($0)) }[...]
      while !letters.isEmpty {
        let batch = Array(letters.prefix(pace.batch))
        letters = letters.dropFirst(batch.count)
        // Sleeping fails when the task was cancelled: then no further batch is begun.
        guard (try? await clock.sleep(untilUptime: start + pace.delay(afterSending: tried))) != nil else { return false }
        tried += batch.count
        await send(batch, &report)
        if report.isCutShort || report.failed.count >= ReplayRun.failuresMax { return false }
      }
      return tried < chosen.count
    }
    report.untried = chosen.count - tried
    return report
  }

  private func send(_ letters: [ConsumedRecord], _ report: inout ReplayReport) async {
    let originals = letters.map { OriginalRecord.restored(from: $0) }
    let sendable = zip(letters, originals).compactMap { letter, original in original.map { (letter, $0) } }
    let failures = await publish(sendable.map(\.1))
    note(failures, sendable.map(\.0), &report)
    let failed = Set(failures.map(\.index))
    let sent = sendable.indices.filter { !failed.contains($0) }.map { sendable[$0].0 }
    report.sent += sent.count
    guard !sent.isEmpty else { return }
    let now = clock.now()
    let unmarked = await publish(sent.map { ReplayMarker.record(for: $0, at: now) })
    note(unmarked, sent, prefix: "sent, but not marked, so that the next run sends it again: ", &report)
  }

  private func note(_ failures: [Failure], _ letters: [ConsumedRecord], prefix: String = "", _ report: inout ReplayReport) {
    for failure in failures {
      let place = LogPlace(letters[failure.index])
      switch failure.cause {
      case .refused(let error):
        report.failed.append(ReplayReport.Problem(place: place, reason: "\(prefix)\(error)"))
      case .silence:
        let words = "the broker did not answer within \(Int(ReplayRun.patience.seconds)) s; it may have been written"
        report.failed.append(ReplayReport.Problem(place: place, reason: prefix + words))
        report.isCutShort = true
      }
    }
  }

  private struct Failure {
    enum Cause {
      case refused(EventBusError)
      /// The broker said neither yes nor no.
      case silence
    }

    let index: Int
    let cause: Cause
  }

  private func publish(_ records: [OutboundRecord]) async -> [Failure] {
    let end = clock.uptime() + ReplayRun.patience
    let expiry = Task {
      try await clock.sleep(untilUptime: end)
      await producer.close(timeout: .zero)
    }
    defer { expiry.cancel() }
    let failures = await producer.publish(records)
    // What a producer that was closed says of its records is about the closing.
    let isOver = clock.uptime() >= end
    return failures.map { Failure(index: $0.index, cause: isOver || $0.error.code == .closed ? .silence : .refused($0.error)) }
  }
}
