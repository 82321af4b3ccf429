import OnexCore
import OnexPostgres

/// Writes batches: good rows into their table, bad ones to the dead-letter topic, and says what became of each batch only when
/// both are done.
struct BatchWriter: Sendable {
  enum Outcome: Sendable {
    /// Every record is in the database or dead-lettered.
    case settled
    /// Given up because the service ends; the records stay in the log.
    case abandoned
  }

  let store: any RowStore
  let deadLetters: DeadLetterPublisher
  let gate: InsertGate
  let watch: DependencyWatch
  let metrics: ObservabilityMetrics
  let clock: any RuntimeClock
  let policy: DecodingPolicy
  /// Waiting for a dependency makes no sense any more.
  let isEnding: @Sendable () -> Bool

  func write(_ batch: RecordBatch, into table: ObservabilityTable) async -> Outcome {
    var decoder = RowDecoder(policy)
    let receivedAt = clock.now()
    var rows: [Row] = []
    var records: [ConsumedRecord] = []
    var bad: [(record: ConsumedRecord, row: BadRow)] = []
    for record in batch.records {
      do throws(BadRow) {
        rows.append(try decoder.decode(record, for: table, receivedAt: receivedAt))
        records.append(record)
      } catch {
        bad.append((record, error))
      }
    }
    guard let refused = await insert(rows, into: table) else { return .abandoned }
    for (index, error) in refused { bad.append((records[index], BatchWriter.badRow(records[index], error))) }
    guard await deadLetters.publish(bad) else { return .abandoned }
    metrics.settled(batch, bad: bad.map(\.row.cause))
    return .settled
  }

  /// Writes what the database takes.
  ///
  /// - Returns: the rows it refuses, each with the cause; `nil` when the service ends first.
  private func insert(_ rows: [Row], into table: ObservabilityTable) async -> [(index: Int, error: PostgresError)]? {
    var bisection = Bisection(count: rows.count)
    var refused: [(index: Int, error: PostgresError)] = []
    while let range = bisection.next() {
      switch await attempt(rows[range], into: table) {
      case .written: bisection.accepted()
      case .refused(let error):
        if let index = bisection.refuse() { refused.append((index, error)) }
      case .ended: return nil
      }
    }
    return refused
  }

  private enum Attempt {
    case written
    /// The rows themselves are refused.
    case refused(PostgresError)
    case ended
  }

  /// Repeats until the database has taken the rows or has said that they are at fault.
  private func attempt(_ rows: ArraySlice<Row>, into table: ObservabilityTable) async -> Attempt {
    while true {
      if let delay = gate.delay(at: clock.uptime()) {
        guard await rest(delay) else { return .ended }
        continue
      }
      let started = clock.uptime()
      do throws(PostgresError) {
        let new = try await store.insert(rows, into: table)
        succeeded(started)
        metrics.inserted(new: new, repeated: rows.count - new)
        return .written
      } catch {
        if error.isDataError {
          // The database works; it is the rows that do not.
          succeeded(started)
          return .refused(error)
        }
        let verdict = gate.failed(error, at: clock.uptime(), random: .random(in: 0..<1))
        metrics.failedInserts.add()
        if verdict.isReported { watch.databaseFailed(error) }
        guard await rest(verdict.delay) else { return .ended }
      }
    }
  }

  private func succeeded(_ started: Duration) {
    let duration = clock.uptime() - started
    gate.succeeded()
    metrics.insertDuration.record(duration)
    watch.databaseSucceeded(latency: duration)
  }

  /// Waits, in slices, so that the end of the service is not held up by an open circuit.
  ///
  /// - Returns: false when the service ends.
  private func rest(_ delay: Duration) async -> Bool {
    guard !isEnding() else { return false }
    do {
      try await clock.sleep(for: min(delay, InsertGate.backoff.maxBackoff))
    } catch {
      return false
    }
    return !isEnding()
  }

  private static func badRow(_ record: ConsumedRecord, _ error: PostgresError) -> BadRow {
    let subject = error.subject.map { " (\($0))" } ?? ""
    return BadRow(
      cause: .refusedByDatabase, reason: "PostgreSQL refused the row\(subject): \(error.description)", correlationID: nil)
  }
}
