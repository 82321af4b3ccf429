import OnexCore

/// What is known of one dead letter, without its value. What its headers do not say is `nil`.
struct DeadLetterEntry: Sendable {
  let place: LogPlace
  let failedAt: Timestamp?
  let code: String?
  let reason: String?
  let consumerGroup: String?
  let correlationID: String?
  let originalTopic: String?
  let originalPlace: LogPlace?
  /// Why it cannot be sent back; `nil` when it can.
  let refusal: String?

  init(_ record: ConsumedRecord) {
    // Copied out, so that the value does not stay in memory with them.
    let headers = DeadLetterEntry.cause(record)
    place = LogPlace(record)
    failedAt = headers[DeadLetterHeader.failureTimestamp].flatMap { Timestamp(rfc3339: $0) }
    code = headers[DeadLetterHeader.errorCode]
    reason = headers[DeadLetterHeader.failureReason]
    consumerGroup = headers[DeadLetterHeader.consumerGroup]
    correlationID = headers[DeadLetterHeader.correlationID]
    originalTopic = headers[DeadLetterHeader.originalTopic]
    let partition = headers[DeadLetterHeader.originalPartition].flatMap { LogPlace.number($0, Int32.self) }
    let offset = headers[DeadLetterHeader.originalOffset].flatMap { LogPlace.number($0, Int64.self) }
    if let originalTopic, let partition, let offset {
      originalPlace = LogPlace(TopicPartition(originalTopic, partition), offset)
    } else {
      originalPlace = nil
    }
    refusal = DeadLetterEntry.refusal(headers, topic: record.source.topic, hasPlace: originalPlace != nil, failedAt)
  }

  /// A name may be there twice, when the original was itself a dead letter: the last one is the latest cause.
  private static func cause(_ record: ConsumedRecord) -> [String: String] {
    var headers: [String: String] = [:]
    for header in record.headers where header.name.hasPrefix(DeadLetterHeader.prefix) {
      let text = header.value?.text ?? ""
      headers[header.name] = text.isEmpty ? nil : text
    }
    return headers
  }

  private static func refusal(_ headers: [String: String], topic: String, hasPlace: Bool, _ failedAt: Timestamp?) -> String? {
    let required = [
      DeadLetterHeader.originalTopic, DeadLetterHeader.originalPartition, DeadLetterHeader.originalOffset,
      DeadLetterHeader.errorCode, DeadLetterHeader.failureTimestamp,
    ]
    let missing = required.filter { headers[$0] == nil }
    guard missing.isEmpty, let original = headers[DeadLetterHeader.originalTopic] else {
      return "no dead letter of this runtime: it has no \(missing.joined(separator: ", "))"
    }
    guard headers[DeadLetterHeader.valueDropped] == nil else {
      return "the record was too large for this topic and its value was dropped: read it at its original place"
    }
    guard hasPlace else {
      return "\(DeadLetterHeader.originalPartition) and \(DeadLetterHeader.originalOffset) must be numbers from 0"
    }
    guard failedAt != nil else { return "\(DeadLetterHeader.failureTimestamp) must be an RFC 3339 time" }
    do {
      _ = try TopicName(original)
    } catch {
      return "\(DeadLetterHeader.originalTopic) names no topic: \(error)"
    }
    return original == topic ? "\(DeadLetterHeader.originalTopic) names this dead-letter topic itself" : nil
  }
}
