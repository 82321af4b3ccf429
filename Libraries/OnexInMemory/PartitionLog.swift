import OnexCore

/// The records of one partition, oldest first.
struct PartitionLog {
  private var records: [ConsumedRecord] = []
  /// Evicted from the front of `records` and not yet moved out.
  private var head = 0
  /// The offset of the first record that is still here.
  private(set) var start: Int64 = 0

  var end: Int64 { start + Int64(records.count - head) }
  var count: Int { records.count - head }

  mutating func append(_ record: ConsumedRecord) { records.append(record) }

  func read(from offset: Int64, limit: Int) -> ArraySlice<ConsumedRecord> {
    guard offset < end, limit > 0 else { return [] }
    let first = head + Int(max(offset, start) - start)
    return records[first..<min(first + limit, records.count)]
  }

  /// Forgets everything before `offset`.
  mutating func evict(before offset: Int64) {
    let count = Int(min(max(offset, start), end) - start)
    head += count
    start += Int64(count)
    if head >= 1024 || head == records.count {
      records.removeFirst(head)
      head = 0
    }
  }
}
