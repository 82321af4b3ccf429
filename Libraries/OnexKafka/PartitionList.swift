import CRdKafka
import OnexCore

/// A librdkafka partition list that is freed with its owner.
struct PartitionList: ~Copyable {
  // Only lent: a pointer that is taken out may outlive the list, which ends with its last use.
  private let handle: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

  init(_ partitions: some Collection<TopicPartition>) {
    handle = rd_kafka_topic_partition_list_new(Int32(partitions.count))
    for partition in partitions { rd_kafka_topic_partition_list_add(handle, partition.topic, partition.partition) }
  }

  init(_ offsets: [TopicPartition: Int64]) {
    handle = rd_kafka_topic_partition_list_new(Int32(offsets.count))
    for (partition, offset) in offsets {
      let element = rd_kafka_topic_partition_list_add(handle, partition.topic, partition.partition)
      element?.pointee.offset = offset
    }
  }

  deinit { rd_kafka_topic_partition_list_destroy(handle) }

  borrowing func withHandle<R>(_ body: (UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) -> R) -> R {
    body(handle)
  }

  /// What the last call made of each partition.
  var entries: [(partition: TopicPartition, offset: Int64, code: rd_kafka_resp_err_t)] {
    (0..<Int(handle.pointee.cnt)).map { index in
      let element = handle.pointee.elems[index]
      return (TopicPartition(String(cString: element.topic), element.partition), element.offset, element.err)
    }
  }

  /// The first partition that the last call refused.
  var firstError: EventBusError? {
    entries.first { $0.code != RD_KAFKA_RESP_ERR_NO_ERROR }.map { EventBusError(kafka: $0.code, $0.partition.description) }
  }
}

extension Array where Element == TopicPartition {
  /// The partitions of a list that a callback was given.
  init(_ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) {
    guard let list else {
      self = []
      return
    }
    self = (0..<Int(list.pointee.cnt)).map { index in
      let element = list.pointee.elems[index]
      return TopicPartition(String(cString: element.topic), element.partition)
    }
  }
}
