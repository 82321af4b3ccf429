import OnexCore

/// How far a reader has come towards the end of the log as it was at its start. Pure.
struct ReadProgress {
  /// Partitions that are not through: where reading goes on, and where it is to end.
  private var open: [TopicPartition: Range<Int64>]

  init(_ ranges: [TopicPartition: Range<Int64>] = [:]) { open = ranges.filter { !$0.value.isEmpty } }

  /// Saturates: offsets come from the broker, and their sum need not fit.
  var remaining: Int64 {
    open.values.reduce(0) { sum, range in
      let (count, isTooLong) = range.upperBound.subtractingReportingOverflow(range.lowerBound)
      let (total, isTooMuch) = sum.addingReportingOverflow(count)
      return isTooLong || isTooMuch ? .max : total
    }
  }

  mutating func handedOut(_ records: [ConsumedRecord]) {
    guard !open.isEmpty else { return }
    for record in records { advance(record.source, to: record.offset &+ 1) }
  }

  /// The log goes on at `offset`. The broker says so at the end of a partition, whose last offsets may belong to no record any more.
  mutating func advance(_ partition: TopicPartition, to offset: Int64) {
    guard let range = open[partition], offset > range.lowerBound else { return }
    open[partition] = offset < range.upperBound ? offset..<range.upperBound : nil
  }
}
