import OnexCommandLine
import OnexCore

@testable import OnexControl

/// Dead letters for tests.
enum Letters {
  static let topic = "requests.dlq"
  static let now = Timestamp(microseconds: 1_795_232_934_000_000)
  static let correlation = CorrelationID(RawUUID(high: 7, low: 9))

  /// - Parameter age: seconds before `now` that it failed.
  static func letter(
    _ offset: Int64, partition: Int32 = 0, code: String = "INVALID_JSON", reason: String = "no JSON", age: Int64 = 0,
    headers: [RecordHeader] = [], value: Bytes = "value"
  ) -> ConsumedRecord {
    let original = ConsumedRecord(
      source: TopicPartition("requests", 3), offset: 1000 + offset, key: "key", value: value, headers: headers, timestamp: now)
    let outbound = DeadLetter.record(
      for: original,
      cause: DeadLetter.Cause(
        code: code, reason: reason, consumerGroup: "onex-runtime-main", correlationID: correlation,
        time: now + .seconds(-age)))
    return consumed(outbound, offset, partition: partition)
  }

  static func consumed(_ record: OutboundRecord, _ offset: Int64, partition: Int32 = 0) -> ConsumedRecord {
    ConsumedRecord(
      source: TopicPartition(record.topic, partition), offset: offset, key: record.key, value: record.value,
      headers: record.headers, timestamp: now)
  }

  /// The marker of a letter, as it lies at `offset`.
  static func marker(of letter: ConsumedRecord, _ offset: Int64) -> ConsumedRecord {
    consumed(ReplayMarker.record(for: letter, at: now), offset, partition: letter.source.partition)
  }

  /// What somebody wrote there by hand.
  static func stranger(_ offset: Int64, headers: [RecordHeader] = []) -> ConsumedRecord {
    ConsumedRecord(
      source: TopicPartition(topic, 0), offset: offset, key: nil, value: "?", headers: headers, timestamp: now)
  }

  static func place(_ offset: Int64, partition: Int32 = 0) -> LogPlace { LogPlace(TopicPartition(topic, partition), offset) }

  static func arguments(_ arguments: String...) throws -> ArgumentSet {
    try ArgumentSet(["replay"] + arguments, DeadLettersCommand.grammar)
  }
}
