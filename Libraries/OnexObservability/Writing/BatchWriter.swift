import OnexCore
import OnexPostgres

/// Writes batches: good rows into their table, bad ones to the dead-letter topic, and says what became of each batch only when
/// both are done. Makes one attempt; whoever calls tries again.
struct BatchWriter: Sendable {
  enum Outcome: Sendable {
    /// Every record is in the database or dead-lettered.
    case settled
    /// Something that is needed is not there. Parts of the batch may have been written: repeating that changes nothing.
    case failed(retryAfter: Duration)
  }

  let store: any RowStore
  let deadLetters: DeadLetterPublisher
  let watch: DependencyWatch
  let metrics: ObservabilityMetrics
  let clock: any RuntimeClock
  let policy: DecodingPolicy
  let threads: DecodingThreads
  let databaseClock: DatabaseClock

  func write(_ batch: RecordBatch, into target: WriteTarget) async -> Outcome {
    if let delay = target.gate.delay(at: clock.uptime()) { return .failed(retryAfter: delay) }
    let started = clock.uptime()
    var decoded = await decode(batch, for: target.table)
    metrics.took(.decode, clock.uptime() - started)
    switch await insert(decoded.rows, into: target) {
    case .failed(let delay): return .failed(retryAfter: delay)
    case .inserted(let refused, let new):
      metrics.inserted(new: new, repeated: decoded.rows.count - refused.count - new)
      for (index, error) in refused { decoded.bad.append((decoded.records[index], BatchWriter.badRow(error))) }
    }
    if !decoded.bad.isEmpty {
      let started = clock.uptime()
      if let delay = await deadLetters.publish(decoded.bad) { return .failed(retryAfter: delay) }
      metrics.took(.deadLetters, clock.uptime() - started)
    }
    metrics.settled(batch, bad: decoded.bad.map(\.row.cause))
    return .settled
  }

  private struct Decoded: Sendable {
    var rows: [Row] = []
    /// The record of each row.
    var records: [ConsumedRecord] = []
    var bad: [(record: ConsumedRecord, row: BadRow)] = []
  }

  private func decode(_ batch: RecordBatch, for table: ObservabilityTable) async -> Decoded {
    let (policy, receivedAt) = (policy, clock.now())
    let ageAt = databaseClock.earlier(of: receivedAt)
    return await threads.run { BatchWriter.decode(batch, for: table, policy, receivedAt: receivedAt, ageAt: ageAt) }
  }

  private static func decode(
    _ batch: RecordBatch, for table: ObservabilityTable, _ policy: DecodingPolicy, receivedAt: Timestamp, ageAt: Timestamp
  ) -> Decoded {
    var decoder = RowDecoder(policy)
    var decoded = Decoded()
    decoded.rows.reserveCapacity(batch.records.count)
    decoded.records.reserveCapacity(batch.records.count)
    for record in batch.records {
      do throws(BadRow) {
        decoded.rows.append(try decoder.decode(record, for: table, receivedAt: receivedAt, ageAt: ageAt))
        decoded.records.append(record)
      } catch {
        decoded.bad.append((record, error))
      }
    }
    return decoded
  }

  private enum Insertion {
    /// What the database takes is written; the others are refused, each for its cause.
    case inserted(refused: [(index: Int, error: PostgresError)], new: Int)
    case failed(retryAfter: Duration)
  }

  private func insert(_ rows: [Row], into target: WriteTarget) async -> Insertion {
    var bisection = Bisection(count: rows.count)
    var refused: [(index: Int, error: PostgresError)] = []
    var new = 0
    while let range = bisection.next() {
      let started = clock.uptime()
      do throws(PostgresError) {
        new += try await store.insert(rows[range], into: target.table)
        succeeded(target, started)
        bisection.accepted()
      } catch {
        guard error.isDataError else { return .failed(retryAfter: failed(target, error)) }
        // The database works; it is the rows that do not.
        succeeded(target, started)
        if let index = bisection.refuse() { refused.append((index, error)) }
      }
    }
    return .inserted(refused: refused, new: new)
  }

  private func succeeded(_ target: WriteTarget, _ started: Duration) {
    let duration = clock.uptime() - started
    target.gate.succeeded()
    metrics.took(.insert, duration)
    watch.databaseSucceeded(target.table.name, latency: duration)
  }

  private func failed(_ target: WriteTarget, _ error: PostgresError) -> Duration {
    let verdict = target.gate.failed(error, at: clock.uptime(), random: .random(in: 0..<1))
    metrics.failedInserts.add()
    if verdict.isReported { watch.databaseFailed(target.table.name, error) }
    return verdict.delay
  }

  private static func badRow(_ error: PostgresError) -> BadRow {
    let subject = error.subject.map { " (\($0))" } ?? ""
    return BadRow(
      cause: .refusedByDatabase, reason: "PostgreSQL refused the row\(subject): \(error.description)", correlationID: nil)
  }
}
