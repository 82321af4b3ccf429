import OnexCore

/// The record that a dead letter was made of.
enum OriginalRecord {
  /// Key, value and headers as they were; the partition follows from the key, as it did then. `nil` for what cannot be sent back.
  static func restored(from letter: ConsumedRecord) -> OutboundRecord? {
    let entry = DeadLetterEntry(letter)
    guard entry.refusal == nil, let topic = entry.originalTopic else { return nil }
    return OutboundRecord(topic: topic, key: letter.key, value: letter.value, headers: headers(of: letter))
  }

  static func headers(of letter: ConsumedRecord) -> [RecordHeader] {
    letter.headers.filter { !$0.name.hasPrefix(DeadLetterHeader.prefix) }
  }
}
