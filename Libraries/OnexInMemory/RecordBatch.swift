import OnexCore

/// The records of one poll, within its limits. The first is always taken: a limit smaller than a record must not stop its reader.
struct RecordBatch {
  private(set) var records: [ConsumedRecord] = []
  private let limit: PollLimit
  private var bytes = 0
  private var isFull = false

  init(_ limit: PollLimit) { self.limit = limit }

  /// - Returns: where to read on.
  mutating func take(_ log: PartitionLog, from start: Int64) -> Int64 {
    // What was evicted meanwhile is passed over.
    var next = max(start, log.start)
    for record in log.read(from: start, limit: isFull ? 0 : limit.records - records.count) {
      bytes += (record.key?.count ?? 0) + (record.value?.count ?? 0)
      isFull = bytes > limit.bytes && !records.isEmpty
      if isFull { break }
      records.append(record)
      next = record.offset + 1
    }
    return next
  }
}
