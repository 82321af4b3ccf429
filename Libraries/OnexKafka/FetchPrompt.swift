/// When to make librdkafka look again whether its queue has room. A thread of it that finds the queue full rests for a second, whatever is
/// taken meanwhile (librdkafka before 2.2, which has a setting for that rest): a busy consumer would stand still with records waiting.
///
/// What is taken between two prompts is less than what makes a queue full. So whoever finds it full is prompted after it has room.
struct FetchPrompt {
  static let recordsMax = KafkaBounds.consumerQueueRecords / 2
  static let bytesMax = KafkaBounds.consumerQueueKiB * 1024 / 2

  private var records = 0
  private var bytes = 0

  /// Notes what was taken from the queue.
  ///
  /// - Returns: whether it is time for a prompt.
  mutating func took(records count: Int, bytes size: Int) -> Bool {
    records += count
    bytes += size
    guard records >= FetchPrompt.recordsMax || bytes >= FetchPrompt.bytesMax else { return false }
    (records, bytes) = (0, 0)
    return true
  }
}
