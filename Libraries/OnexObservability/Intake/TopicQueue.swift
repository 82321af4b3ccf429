import OnexCore

/// What waits of one topic, and how much of it is being written. Pure.
struct TopicQueue {
  private struct Waiting {
    let record: ConsumedRecord
    let since: Duration
  }

  private var waiting: [Waiting] = []
  /// `waiting` before this is taken; removed in one go now and then.
  private var head = 0
  private var waitingBytes = 0
  private var writing = 0
  private var writingBytes = 0
  private var batchesWriting = 0
  /// A write has failed: the next attempt is made then.
  private var heldUntil: Duration?

  /// Batches that may be written at the same time.
  let batchesMax: Int

  init(batchesMax: Int) { self.batchesMax = batchesMax }

  /// Taken and not settled.
  var pending: Int { waiting.count - head + writing }
  var pendingBytes: Int { waitingBytes + writingBytes }
  /// Since when the first of those that wait does.
  var oldest: Duration? { head < waiting.count ? waiting[head].since : nil }
  /// The last attempt has failed, and nothing has succeeded since.
  var isFailing: Bool { heldUntil != nil }

  func isFull(_ limits: BatchLimits) -> Bool { pending >= limits.pendingMax || pendingBytes >= limits.pendingBytesMax }

  mutating func append(_ record: ConsumedRecord, at now: Duration) {
    waiting.append(Waiting(record: record, since: now))
    waitingBytes += record.size
  }

  mutating func keep(where isKept: (ConsumedRecord) -> Bool) {
    waiting = waiting[head...].filter { isKept($0.record) }
    head = 0
    waitingBytes = waiting.reduce(0) { $0 + $1.record.size }
  }

  /// Why a batch should be written now; `nil` when it is better to wait.
  func trigger(at now: Duration, _ limits: BatchLimits) -> RecordBatch.Trigger? {
    guard let oldest, batchesWriting < batchesMax, heldUntil.map({ $0 <= now }) ?? true else { return nil }
    // One attempt tells whether it goes again.
    if isFailing { return batchesWriting == 0 ? .retry : nil }
    if waiting.count - head >= limits.rowsDue { return .rows }
    if waitingBytes >= limits.bytesMax { return .bytes }
    if now - oldest >= limits.waitMax { return .wait }
    return batchesWriting == 0 ? .idle : nil
  }

  mutating func nextBatch(_ trigger: RecordBatch.Trigger, at now: Duration, _ limits: BatchLimits) -> RecordBatch {
    var records: [ConsumedRecord] = []
    records.reserveCapacity(min(waiting.count - head, limits.rowsMax))
    let waited = oldest.map { now - $0 } ?? .zero
    var bytes = 0
    while head < waiting.count, records.count < limits.rowsMax {
      let record = waiting[head].record
      guard records.isEmpty || bytes + record.size <= limits.bytesMax else { break }
      records.append(record)
      bytes += record.size
      head += 1
    }
    if head == waiting.count || head >= limits.pendingMax {
      waiting.removeFirst(head)
      head = 0
    }
    waitingBytes -= bytes
    writing += records.count
    writingBytes += bytes
    batchesWriting += 1
    return RecordBatch(records: records, bytes: bytes, trigger: trigger, waited: waited)
  }

  mutating func settled(_ batch: RecordBatch) {
    ended(batch)
    heldUntil = nil
  }

  /// The batch could not be written: what is still wanted of it is the first to be tried again.
  mutating func putBack(_ batch: RecordBatch, until time: Duration, where isKept: (ConsumedRecord) -> Bool) {
    ended(batch)
    let records = batch.records.filter(isKept)
    // It has waited long enough.
    waiting.replaceSubrange(..<head, with: records.map { Waiting(record: $0, since: .zero) })
    head = 0
    waitingBytes += records.reduce(0) { $0 + $1.size }
    heldUntil = max(time, heldUntil ?? time)
  }

  private mutating func ended(_ batch: RecordBatch) {
    writing -= batch.records.count
    writingBytes -= batch.bytes
    batchesWriting -= 1
  }
}
