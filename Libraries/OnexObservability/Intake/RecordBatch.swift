import OnexCore

/// Records of one topic that are written together.
struct RecordBatch: Sendable {
  /// Why it was time.
  enum Trigger: String, Sendable {
    case rows, bytes, wait, idle
  }

  let records: [ConsumedRecord]
  let trigger: Trigger

  var topic: String { records.first?.source.topic ?? "" }
}

extension ConsumedRecord {
  /// Key and value together, which is what holding the record costs.
  var size: Int { (key?.count ?? 0) + (value?.count ?? 0) }
}
