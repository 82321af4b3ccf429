import OnexCore

/// A batch's inbox entries as parameters of `runtime.commit`: a column each.
enum InboxParameters {
  static func columns(_ partitions: [TopicPartition]) -> (topics: PostgresArray, numbers: PostgresArray) {
    var (topics, numbers) = (PostgresArray(of: .text), PostgresArray(of: .integer))
    for partition in partitions {
      topics.append(partition.topic)
      numbers.append(partition.partition)
    }
    return (topics, numbers)
  }

  static func make(_ batch: CommitBatch, _ lanes: [TopicPartition]) -> [PostgresParameter] {
    let (topics, numbers) = columns(lanes)
    let places = Dictionary(uniqueKeysWithValues: zip(lanes, Int32(1)...))
    let count = batch.entries.count
    var epochs = PostgresArray(of: .bigint, capacity: lanes.count)
    for lane in lanes { epochs.append(batch.lanes[lane] ?? 0) }
    var entryLanes = PostgresArray(of: .integer, capacity: count)
    var offsets = PostgresArray(of: .bigint, capacity: count)
    var identities = PostgresArray(of: .uuid, capacity: count)
    var digests = PostgresArray(of: .uuid, capacity: count)
    var outputs = PostgresArray(of: .bytea, capacity: count)
    for entry in batch.entries {
      guard let place = places[entry.source] else { preconditionFailure("an entry belongs to one of the batch's lanes") }
      entryLanes.append(place)
      offsets.append(entry.offset)
      identities.append(entry.identity.uuid)
      digests.append(entry.digest?.uuid)
      outputs.append(bytea: RecordedOutputs.encode(entry.outputs))
    }
    return [
      .uuid(batch.id), .text(batch.consumer), .array(topics), .array(numbers), .array(epochs), .array(entryLanes),
      .array(offsets), .array(identities), .array(digests), .array(outputs),
    ]
  }
}
