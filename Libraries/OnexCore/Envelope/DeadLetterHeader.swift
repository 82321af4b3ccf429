/// Names of the headers that a dead letter carries beside those of its original (WIRE "Dead letters").
public enum DeadLetterHeader {
  /// Begins every one of them. A replayed record has none that begins so.
  public static let prefix = "onex_dlq"

  public static let originalTopic = "onex_dlq_original_topic"
  public static let originalPartition = "onex_dlq_original_partition"
  public static let originalOffset = "onex_dlq_original_offset"
  public static let originalTimestamp = "onex_dlq_original_timestamp"
  public static let consumerGroup = "onex_dlq_consumer_group"
  public static let failureReason = "onex_dlq_failure_reason"
  public static let errorCode = "onex_dlq_error_code"
  public static let failureTimestamp = "onex_dlq_failure_timestamp"
  public static let retryCount = "onex_dlq_retry_count"
  public static let correlationID = "onex_dlq_correlation_id"

  /// On a letter that was too large for its topic: it carries no value, and this is the size that the value had, in bytes.
  public static let originalSize = "onex_dlq_original_size"
  /// `true` on such a letter.
  public static let valueDropped = "onex_dlq_value_dropped"

  /// On the marker of a replay alone: which dead letter was sent back, and when.
  public static let replayedPlace = "onex_dlq_replayed_place"
  public static let replayedTimestamp = "onex_dlq_replayed_timestamp"
}
