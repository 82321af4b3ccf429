import OnexCore

/// Says in the dead-letter topic itself that a dead letter was sent back.
///
/// It lies in the partition of its dead letter and behind it. So retention never deletes the marker before what it marks, and who
/// reads a partition in order needs to remember nothing but the dead letters.
struct ReplayMarker: Sendable {
  let place: LogPlace
  let time: Timestamp?

  /// `nil` for what is no marker. A dead letter is never taken for one, whatever headers its original came with.
  init?(_ record: ConsumedRecord) {
    guard record.value == nil, !record.headers.contains(where: { $0.name == DeadLetterHeader.originalTopic }),
      let place = ReplayMarker.text(record, DeadLetterHeader.replayedPlace).flatMap({ LogPlace($0) }),
      place.partition == record.source, place.offset < record.offset
    else { return nil }
    self.place = place
    time = ReplayMarker.text(record, DeadLetterHeader.replayedTimestamp).flatMap { Timestamp(rfc3339: $0) }
  }

  private static func text(_ record: ConsumedRecord, _ name: String) -> String? {
    record.headers.last { $0.name == name }?.value?.text
  }

  /// The marker to write for a dead letter.
  static func record(for letter: ConsumedRecord, at time: Timestamp) -> OutboundRecord {
    OutboundRecord(
      topic: letter.source.topic, partition: letter.source.partition, key: letter.key, value: nil,
      headers: [
        RecordHeader(DeadLetterHeader.replayedPlace, Bytes(LogPlace(letter).description)),
        RecordHeader(DeadLetterHeader.replayedTimestamp, Bytes(time.rfc3339)),
      ])
  }
}
