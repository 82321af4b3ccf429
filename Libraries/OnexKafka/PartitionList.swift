import CRdKafka
import OnexCore

/// A librdkafka partition list that is freed with its owner.
struct PartitionList: ~Copyable {
  let handle: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

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

  /// The first partition that the last call refused.
  var firstError: EventBusError? {
    for index in 0..<Int(handle.pointee.cnt) {
      let element = handle.pointee.elems[index]
      if element.err != RD_KAFKA_RESP_ERR_NO_ERROR {
        return EventBusError(kafka: element.err, "\(String(cString: element.topic))[\(element.partition)]")
      }
    }
    return nil
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
