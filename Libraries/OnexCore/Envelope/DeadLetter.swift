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

  /// Headers of a cause, and the two of a letter that was cut.
  private static let ownHeadersMax = 12
  private static let keyBytesMax = 1024

  /// A letter that its topic refuses, cut: first its value goes, then the headers of the original and a long key. What is left names the
  /// original's place, where the record can be read for as long as its topic keeps it.
  ///
  /// - Returns: `nil` when nothing more can be cut.
  public static func shorter(_ letter: OutboundRecord) -> OutboundRecord? {
    let isCut = letter.headers.last?.name == DeadLetterHeader.valueDropped
    if !isCut {
      let headers =
        letter.headers + [
          RecordHeader(DeadLetterHeader.originalSize, Bytes(String(letter.value?.count ?? 0))),
          RecordHeader(DeadLetterHeader.valueDropped, "true"),
        ]
      return OutboundRecord(
        topic: letter.topic, partition: letter.partition, key: letter.key, value: nil, messageID: letter.messageID,
        headers: headers)
    }
    guard letter.headers.count > ownHeadersMax || letter.key?.count ?? 0 > keyBytesMax else { return nil }
    return OutboundRecord(
      topic: letter.topic, partition: letter.partition, key: letter.key.flatMap { $0.count > keyBytesMax ? nil : $0 }, value: nil,
      messageID: letter.messageID, headers: letter.headers.suffix(ownHeadersMax))
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
