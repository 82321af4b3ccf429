import OnexCore
import OnexService
import Synchronization

/// Reports records that the broker no longer has: a line in the log, a counter, and a reason that stays for an hour after the last one.
/// The reason does not block readiness: the service works, and only an operator can say what the loss means.
package final class MissingRecords: Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    /// Deleted before they were read.
    case skipped = "RECORDS_SKIPPED"
    /// Of a log that was made again or has lost its end.
    case wentBack = "LOG_WENT_BACK"
  }

  /// How long a reason stays after the last event of its kind.
  package static let shownFor: Duration = .seconds(3600)

  private static let countMax: Int64 = 1 << 40

  private let context: ServiceContext
  private let group: String
  private let latest = Mutex<[Kind: Duration]>([:])

  package init(_ context: ServiceContext, group: String) {
    self.context = context
    self.group = group
  }

  package func skipped(_ partition: TopicPartition, from: Int64, to: Int64) {
    let (difference, isTooMuch) = to.subtractingReportingOverflow(from)
    // Offsets come from the broker; the counter must not overflow by what one claims.
    let count = from < to ? Int(min(isTooMuch ? .max : difference, MissingRecords.countMax)) : 0
    context.logger.warning(
      "records were deleted before they were read",
      [
        "topic": .string(partition.topic), "partition": .integer(Int(partition.partition)), "count": .integer(count),
        "from": .integer(Int(from)), "to": .integer(Int(to)),
      ])
    counter(
      "onex_records_skipped_total", help: "Records that were deleted from the log before this group read them.", partition
    ).add(count)
    raise(.skipped, "\(count) records of \(partition) were deleted before they were read: offsets \(from) to \(to &- 1)")
  }

  package func wentBack(_ partition: TopicPartition, from: Int64, to: Int64) {
    context.logger.error(
      "the log went back: its topic was made again, or the broker has lost the end of it",
      [
        "topic": .string(partition.topic), "partition": .integer(Int(partition.partition)), "expected": .integer(Int(from)),
        "offset": .integer(Int(to)),
      ])
    counter("onex_log_went_back_total", help: "Times that a log was shorter than what was read of it.", partition).add()
    raise(
      .wentBack, "\(partition) was read up to offset \(from) and goes on at \(to): the topic was made again or has lost its end")
  }

  /// Clears reasons whose time is over. Called about once a second.
  package func clearOld() {
    let now = context.clock.uptime()
    let over = latest.withLock { latest in
      let over = latest.filter { now - $0.value >= MissingRecords.shownFor }.keys
      for kind in over { latest[kind] = nil }
      return Array(over)
    }
    for kind in over { context.health.clear(kind.rawValue) }
  }

  private func raise(_ kind: Kind, _ message: String) {
    latest.withLock { $0[kind] = context.clock.uptime() }
    context.health.raise(kind.rawValue, message: message, blocksReadiness: false)
  }

  /// One series a partition of the topics that this group reads.
  private func counter(_ name: String, help: String, _ partition: TopicPartition) -> Counter {
    context.metrics.counter(
      name, help: help,
      labels: [("group", group), ("topic", partition.topic), ("partition", String(partition.partition))])
  }
}
