import CRdKafka
import OnexCore

extension KafkaAdmin {
  /// The first offset that each partition still has, and the one that its next record gets. A partition without a leader is missing.
  ///
  /// One request a partition: for a look at a few topics.
  public func watermarks(of partitions: [TopicPartition]) async throws(EventBusError) -> [TopicPartition: Range<Int64>] {
    let timeoutMS = timeoutMS
    return try await call("kafka-watermarks") { client throws(EventBusError) in
      var ranges: [TopicPartition: Range<Int64>] = [:]
      for partition in partitions {
        do throws(EventBusError) {
          ranges[partition] = try KafkaMetadata.watermarks(of: partition, client, timeoutMS: timeoutMS)
        } catch {
          // Everything else would fail for the next partition too, after as long a wait.
          guard error.code == .unknownTopic || error.code == .other else { throw error }
        }
      }
      return ranges
    }
  }
}
