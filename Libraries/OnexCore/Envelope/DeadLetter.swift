/// The dead letter of a record that cannot be processed: key, value and headers untouched, plus the cause in headers
/// (WIRE "Dead letters").
public enum DeadLetter {
  /// Longer reasons are cut: headers count towards the record's size.
  public static let reasonBytesMax = 2048

  public struct Cause: Sendable {
    public let code: String
    public let reason: String
    public let consumerGroup: String
    public let retryCount: Int
    public let correlationID: CorrelationID?
    public let time: Timestamp

    public init(
      code: String, reason: String, consumerGroup: String, retryCount: Int = 0, correlationID: CorrelationID? = nil,
      time: Timestamp
    ) {
      self.code = code
      self.reason = reason
      self.consumerGroup = consumerGroup
      self.retryCount = retryCount
      self.correlationID = correlationID
      self.time = time
    }
  }

  public static func record(for record: ConsumedRecord, cause: Cause) -> OutboundRecord {
    OutboundRecord(
      topic: Topics.deadLetters(of: record.source.topic), key: record.key, value: record.value,
      headers: record.headers + headers(for: record, cause: cause))
  }

  private static func headers(for record: ConsumedRecord, cause: Cause) -> [RecordHeader] {
    func header(_ name: String, _ value: String) -> RecordHeader { RecordHeader(name, Bytes(value)) }
    let reason =
      cause.reason.utf8.count <= reasonBytesMax
      ? cause.reason : String(cause.reason.unicodeScalars.prefix(reasonBytesMax / 4)) + "…"
    return [
      header(DeadLetterHeader.originalTopic, record.source.topic),
      header(DeadLetterHeader.originalPartition, String(record.source.partition)),
      header(DeadLetterHeader.originalOffset, String(record.offset)),
      header(DeadLetterHeader.originalTimestamp, record.timestamp?.rfc3339 ?? ""),
      header(DeadLetterHeader.consumerGroup, cause.consumerGroup),
      header(DeadLetterHeader.failureReason, reason),
      header(DeadLetterHeader.errorCode, cause.code),
      header(DeadLetterHeader.failureTimestamp, cause.time.rfc3339),
      header(DeadLetterHeader.retryCount, String(cause.retryCount)),
      header(DeadLetterHeader.correlationID, cause.correlationID?.description ?? ""),
    ]
  }
}
