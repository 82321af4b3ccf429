import OnexCore

/// Records of one topic that are written together.
struct RecordBatch: Sendable {
  /// Why it was time.
  enum Trigger: String, Sendable, CaseIterable {
    case rows, bytes, wait, idle, retry
  }

  /// At least one.
  let records: [ConsumedRecord]
  /// Size of all of them.
  let bytes: Int
  let trigger: Trigger
  /// How long the first of them has waited here.
  let waited: Duration

  var topic: String { records[0].source.topic }
}

extension ConsumedRecord {
  /// Key and value together, which is what holding the record costs.
  var size: Int { (key?.count ?? 0) + (value?.count ?? 0) }
}
