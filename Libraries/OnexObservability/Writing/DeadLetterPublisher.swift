import OnexCore

/// Puts bad rows where a person finds them. A record that is in no table and in no dead-letter topic either would be lost, so
/// its batch is not settled before the broker has acknowledged it.
///
/// A letter that its topic refuses for its size is cut: the value goes, then the headers of the original and a long key. What is left
/// names the original's place, where the record can be read for as long as its topic keeps it.
struct DeadLetterPublisher: Sendable {
  /// After a failed attempt.
  static let retryAfter: Duration = .seconds(1)
  /// A key that a cut letter may keep.
  private static let keyBytesMax = 1024

  let producer: any EventProducer
  let group: String
  let watch: DependencyWatch
  let metrics: ObservabilityMetrics
  let logger: Logger
  let clock: any RuntimeClock
  /// The producer failed for good: no attempt helps, only another process.
  let isBroken: @Sendable (EventBusError) -> Void

  /// How much of a letter is left.
  private enum Cut: Int {
    case nothing
    case value
    case everything
  }

  private struct Letter {
    let record: ConsumedRecord
    let row: BadRow
    var cut = Cut.nothing
  }

  /// - Returns: when to try again; `nil` when the broker has acknowledged all of them.
  func publish(_ rows: [(record: ConsumedRecord, row: BadRow)]) async -> Duration? {
    var letters = rows.map { Letter(record: $0.record, row: $0.row) }
    // Three attempts at most: whole, without the value, with the place alone.
    while !letters.isEmpty {
      let failures = await producer.publish(letters.map(outbound))
      if let fatal = failures.first(where: { $0.error.isFatal }) { isBroken(fatal.error) }
      var smaller: [Letter] = []
      for failure in failures where failure.error.code == .recordTooLarge {
        if let letter = cut(letters[failure.index], failure.error) { smaller.append(letter) }
      }
      // Those that were cut are tried at once, so that one that is too large does not wait for one that fails otherwise.
      if let failure = failures.first(where: { $0.error.code != .recordTooLarge && !$0.error.isRetriable })
        ?? failures.first(where: { $0.error.code != .recordTooLarge })
      {
        report(failure.error, of: letters[failure.index].record, failures.count)
        return DeadLetterPublisher.retryAfter
      }
      letters = smaller
    }
    watch.succeeded(.deadLetters)
    watch.succeeded(.permission)
    return nil
  }

  private func report(_ error: EventBusError, of record: ConsumedRecord, _ count: Int) {
    let topic = Topics.deadLetters(of: record.source.topic)
    let message = "\(count) dead letters could not be written to \(topic): \(error)"
    watch.failed(error.code == .authorization ? .permission : .deadLetters, message)
  }

  // MARK: Letters

  /// - Returns: the letter with less of the original; `nil` when nothing more can be cut. The log has it then.
  private func cut(_ letter: Letter, _ error: EventBusError) -> Letter? {
    var letter = letter
    switch letter.cut {
    case .nothing: letter.cut = .value
    case .value: letter.cut = .everything
    case .everything:
      metrics.droppedLetters.add()
      logger.error(
        "a dead letter is too large for its topic, also without the original: the record is only in its own topic",
        [
          "topic": .string(letter.record.source.topic), "partition": .integer(Int(letter.record.source.partition)),
          "offset": .integer(Int(letter.record.offset)), "code": .string(letter.row.code), "reason": .string(letter.row.reason),
          "error": .text(error),
        ])
      return nil
    }
    metrics.cutLetters.add()
    return letter
  }

  private func outbound(_ letter: Letter) -> OutboundRecord {
    let row = letter.row
    let whole = DeadLetter.record(
      for: letter.record,
      cause: DeadLetter.Cause(
        code: row.code, reason: row.reason, consumerGroup: group, correlationID: row.correlationID, time: clock.now()))
    guard letter.cut != .nothing else { return whole }
    let size = letter.record.value?.count ?? 0
    let note = [
      RecordHeader("onex_dlq_original_size", Bytes(String(size))), RecordHeader("onex_dlq_value_dropped", Bytes("true")),
    ]
    let key =
      letter.cut == .everything && letter.record.key?.count ?? 0 > DeadLetterPublisher.keyBytesMax ? nil : letter.record.key
    let headers = letter.cut == .everything ? Array(whole.headers.dropFirst(letter.record.headers.count)) : whole.headers
    return OutboundRecord(topic: whole.topic, key: key, value: nil, headers: headers + note)
  }
}
