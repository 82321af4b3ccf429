import OnexCore

extension EventBusConformance {
  func orderWithinAPartition() async throws {
    let topic = try await makeTopic(3)
    let producer = try bus.producer()
    for batch in 0..<3 {
      let records = (0..<200).map { index in
        OutboundRecord(topic: topic, key: Bytes("key-\(index % 10)"), value: Bytes("\(batch * 200 + index)"))
      }
      let failures = await producer.publish(records)
      try require(failures.isEmpty, "records are written")
    }
    await producer.close(timeout: .seconds(10))
    let member = try join(topic)
    try await member.poll(until: "600 records come") { $0.records.count >= 600 }
    for partition in member.assigned {
      let offsets = member.offsets(partition)
      try requireEqual(offsets, Array(0..<Int64(offsets.count)), "each record of \(partition) comes once, in order")
    }
    for (key, records) in Dictionary(grouping: member.records, by: \.key) {
      try requireEqual(Set(records.map(\.source)).count, 1, "a key has one partition: \(key?.text ?? "")")
      let numbers = records.compactMap { Int($0.value?.text ?? "") }
      try requireEqual(numbers, numbers.sorted(), "a key's records keep their order")
    }
    await member.consumer.close()
  }

  /// Positions that Apache Kafka's own client gives these keys (hashes from its `UtilsTest`).
  func keysPlacedByMurmur2() async throws {
    let topic = try await makeTopic(6)
    let hashes: [(String, Int32)] = [
      ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
      ("a-little-bit-longer-string", -1_486_304_829), ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
      ("abc", 479_470_107),
    ]
    try await publish(hashes.map { OutboundRecord(topic: topic, key: Bytes($0.0), value: "x") })
    let member = try join(topic)
    try await member.poll(until: "the records come") { $0.records.count == hashes.count }
    for (key, hash) in hashes {
      let found = member.records.first { $0.key?.text == key }?.source.partition
      try requireEqual(found, (hash & 0x7fff_ffff) % 6, "the key \(key) is placed as the Java client does")
    }
    await member.consumer.close()
  }

  func namedPartition() async throws {
    let topic = try await makeTopic(4)
    try await publish(
      (0..<4).map { (partition: Int32) in
        OutboundRecord(topic: topic, partition: partition, key: "same", value: Bytes("\(partition)"))
      })
    let producer = try bus.producer()
    let failures = await producer.publish([OutboundRecord(topic: topic, partition: 99, key: nil, value: "x")])
    try requireEqual(failures.map(\.index), [0], "a partition that does not exist is refused")
    try requireEqual(failures.first?.error.code, .unknownTopic, "and says so")
    await producer.close(timeout: .seconds(5))
    let member = try join(topic)
    try await member.poll(until: "the records come") { $0.records.count == 4 }
    for record in member.records {
      try requireEqual(record.value?.text, "\(record.source.partition)", "a named partition wins over the key")
    }
    await member.consumer.close()
  }

  func roundTripOfEveryShape() async throws {
    let topic = try await makeTopic(1)
    let binary = Bytes([0, 255, 128, 10, 0])
    let headers = [
      RecordHeader("a", "1"), RecordHeader("b", nil), RecordHeader("a", "2"), RecordHeader("empty", .empty),
      RecordHeader("binary", binary),
    ]
    let sent: [(key: Bytes?, value: Bytes?, headers: [RecordHeader])] = [
      (nil, "no key", []), ("tombstone", nil, []), ("empty", .empty, []), (nil, nil, []), (binary, binary, headers),
      ("last", "plain", [RecordHeader("one", "1")]),
    ]
    try await publish(sent.map { OutboundRecord(topic: topic, partition: 0, key: $0.key, value: $0.value, headers: $0.headers) })
    let member = try join(topic)
    try await member.poll(until: "the records come") { $0.records.count == sent.count }
    for (record, original) in zip(member.records, sent) {
      try requireEqual(record.key, original.key, "a key comes as it was sent")
      try requireEqual(record.value, original.value, "a value comes as it was sent; null is not empty")
      try requireEqual(record.headers, original.headers, "headers come in order, repeats and nulls included")
      try require(record.timestamp != nil, "a record has a time")
    }
    await member.consumer.close()
  }

  func concurrentPublishes() async throws {
    let topic = try await makeTopic(3)
    let producer = try bus.producer()
    let failures = await withTaskGroup(of: Int.self) { group in
      for task in 0..<8 {
        group.addTask {
          var failures = 0
          for batch in 0..<10 {
            let records = (0..<20).map {
              OutboundRecord(topic: topic, key: Bytes("task-\(task)"), value: Bytes("\(batch * 20 + $0)"))
            }
            failures += await producer.publish(records).count
          }
          return failures
        }
      }
      return await group.reduce(0, +)
    }
    await producer.close(timeout: .seconds(10))
    try requireEqual(failures, 0, "every record is written")
    let member = try join(topic)
    try await member.poll(until: "1600 records come") { $0.records.count >= 1600 }
    for (key, records) in Dictionary(grouping: member.records, by: \.key) {
      let numbers = records.compactMap { Int($0.value?.text ?? "") }
      try requireEqual(numbers, Array(0..<200), "the records of \(key?.text ?? "") come once, in the order of the calls")
    }
    await member.consumer.close()
  }

  func largeRecord() async throws {
    let topic = try await makeTopic(1)
    let large = Bytes([UInt8](repeating: 7, count: 2 << 20))
    try await publish([
      OutboundRecord(topic: topic, key: nil, value: "before"), OutboundRecord(topic: topic, key: nil, value: large),
      OutboundRecord(topic: topic, key: nil, value: "after"),
    ])
    let member = try join(topic)
    try await member.poll(until: "2 MiB come between two small records") { $0.records.count == 3 }
    try require(member.records[1].value == large, "a large value comes whole")
    await member.consumer.close()
  }

  func tooLargeRecordFailsAlone() async throws {
    let topic = try await makeTopic(1)
    let producer = try bus.producer()
    let huge = Bytes([UInt8](repeating: 7, count: tooLarge))
    let failures = await producer.publish([
      OutboundRecord(topic: topic, key: nil, value: "first"), OutboundRecord(topic: topic, key: nil, value: huge),
      OutboundRecord(topic: topic, key: nil, value: "third"),
    ])
    await producer.close(timeout: .seconds(10))
    try requireEqual(failures.map(\.index), [1], "only the record that is too large is refused")
    try requireEqual(failures.first?.error.code, .recordTooLarge, "and the error says why")
    try requireEqual(failures.first?.error.isRetriable, false, "trying again would not help")
    let member = try join(topic)
    try await member.poll(until: "its neighbours are written") { $0.records.count == 2 }
    await member.consumer.close()
  }

  func pollLimits() async throws {
    let topic = try await makeTopic(1)
    try await fill(topic, 0, 0..<100, size: 1000)
    let member = try join(topic)
    for limit in [PollLimit(records: 7, wait: .milliseconds(50)), PollLimit(bytes: 5000, wait: .milliseconds(50))] {
      let before = member.records.count
      try await member.poll(limit, until: "records come") { $0.records.count > before }
      try require(member.records.count - before <= 7, "a poll returns no more than its limit")
    }
    try await member.poll(PollLimit(bytes: 1, wait: .milliseconds(50)), until: "a record over the limit comes by itself") {
      $0.records.count == 100
    }
    try requireEqual(member.records.map(\.offset), Array(0..<100), "what exceeds a limit comes with the next poll")
    await member.consumer.close()
  }
}
