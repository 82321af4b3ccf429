import OnexCore

extension EventBusConformance {
  func pauseAndResume() async throws {
    let topic = try await makeTopic(2)
    let (paused, other) = (TopicPartition(topic, 0), TopicPartition(topic, 1))
    try await fill(topic, 0, 0..<200)
    try await fill(topic, 1, 0..<200)
    let member = try await joined(topic, partitions: 2)
    try await member.poll(PollLimit(records: 10, wait: .milliseconds(20)), until: "the partition is under way") {
      !$0.offsets(paused).isEmpty
    }
    member.consumer.pause([paused])
    let before = member.offsets(paused)
    try await member.poll(until: "the other partition goes on") { $0.offsets(other).count == 200 }
    try await fill(topic, 1, 200..<210)
    try await member.poll(until: "and on") { $0.offsets(other).count == 210 }
    try requireEqual(member.offsets(paused), before, "a paused partition returns no records")
    member.consumer.resume([paused])
    try await member.poll(until: "the rest comes after the resume") { $0.offsets(paused).count >= 200 }
    try requireEqual(member.offsets(paused), Array(0..<200), "nothing is skipped or repeated by a pause")
    try requireEqual(member.offsets(other), Array(0..<210), "the other partition is not disturbed")
    await member.consumer.close()
  }

  /// Pauses and resumes at every few records, as a pipeline with little room does.
  func pausedPartitionKeepsItsPlace() async throws {
    let topic = try await makeTopic(1)
    let partition = TopicPartition(topic, 0)
    try await fill(topic, 0, 0..<300)
    let member = try await joined(topic, partitions: 1)
    while member.records.count < 300 {
      let before = member.records.count
      try await member.poll(PollLimit(records: 30, wait: .milliseconds(20)), until: "records come") { $0.records.count > before }
      member.consumer.pause([partition])
      let paused = member.records.count
      try await member.poll(PollLimit(records: 30, wait: .milliseconds(5)))
      try requireEqual(member.records.count, paused, "a paused partition returns no records")
      member.consumer.resume([partition])
    }
    try requireEqual(member.offsets(partition), Array(0..<300), "nothing is skipped or repeated by pauses")
    await member.consumer.close()
  }

  /// A member whose partition was paused, went away and has come back knows nothing of the pause, so nobody would end it.
  func pauseEndsWithItsAssignment() async throws {
    let topic = try await makeTopic(2)
    let partitions = [TopicPartition(topic, 0), TopicPartition(topic, 1)]
    let member = try await joined(topic, partitions: 2)
    member.consumer.pause(partitions)
    let other = try join(topic)
    try await ConformanceMember.poll([member, other], until: "each member has a partition") {
      [member, other].allSatisfy { $0.assigned.count == 1 && $0.revoking.isEmpty }
    }
    let moved = other.assigned
    await other.consumer.close()
    try await member.poll(until: "it comes back") { $0.assigned.count == 2 }
    for partition in moved { try await fill(topic, partition.partition, 0..<10) }
    try await member.poll(until: "and is read") { member in moved.allSatisfy { member.offsets($0).count == 10 } }
    await member.consumer.close()
  }

  func seekBack() async throws {
    let topic = try await makeTopic(2)
    let partition = TopicPartition(topic, 0)
    try await fill(topic, 0, 0..<500)
    try await fill(topic, 1, 0..<5)
    let member = try await joined(topic, partitions: 2)
    try await member.poll(PollLimit(records: 50, wait: .milliseconds(20)), until: "a hundred records come") {
      $0.offsets(partition).count >= 100
    }
    member.forgetRecords()
    try member.consumer.seek(partition, to: 20)
    try await member.poll(PollLimit(records: 50, wait: .milliseconds(20)), until: "the rest comes") {
      $0.offsets(partition).count >= 480
    }
    try requireEqual(member.offsets(partition), Array(20..<500), "the next record is the one that was sought")
    member.forgetRecords()
    try member.consumer.seek(partition, to: 490)
    try await member.poll(until: "the last ten come again") { $0.offsets(partition).count >= 10 }
    try requireEqual(member.offsets(partition), Array(490..<500), "a seek works at the end, too")
    await member.consumer.close()
  }

  func seekWhilePaused() async throws {
    let topic = try await makeTopic(1)
    let partition = TopicPartition(topic, 0)
    try await fill(topic, 0, 0..<100)
    let member = try await joined(topic, partitions: 1)
    try await member.poll(PollLimit(records: 10, wait: .milliseconds(20)), until: "records come") { !$0.records.isEmpty }
    member.consumer.pause([partition])
    member.forgetRecords()
    try member.consumer.seek(partition, to: 3)
    for _ in 0..<3 { try await member.poll() }
    try require(member.records.isEmpty, "a seek does not end a pause")
    member.consumer.resume([partition])
    try await member.poll(until: "the rest comes") { $0.records.count >= 97 }
    try requireEqual(member.offsets(partition), Array(3..<100), "the resumed partition continues where it was sought")
    await member.consumer.close()
  }

  func foreignSeekRefused() async throws {
    let topic = try await makeTopic(1)
    let member = try await joined(topic, partitions: 1)
    let error = refusal { () throws(EventBusError) in try member.consumer.seek(TopicPartition(topic, 7), to: 0) }
    try requireEqual(error?.code, .fenced, "a partition that is not held cannot be sought in")
    await member.consumer.close()
  }

  func readers() async throws {
    let topic = try await makeTopic(2)
    try await fill(topic, 0, 0..<10)
    try await fill(topic, 1, 0..<3)
    let fromStart = try await bus.reader(topics: [topic], from: .beginning)
    let fromEnd = try await bus.reader(topics: [topic], from: .end)
    let lastFive = try await bus.reader(topics: [topic], from: .last(5))
    try requireEqual(fromStart.remaining(), 13, "a reader from the beginning has everything before it")
    try requireEqual(fromEnd.remaining(), 0, "a reader from the end has nothing before it")
    try requireEqual(lastFive.remaining(), 8, "a reader of the last five has five of each partition before it")
    try await fill(topic, 0, 10..<12)
    try await expect(fromStart, [0: Array(0..<12), 1: Array(0..<3)], "a reader from the beginning sees everything")
    try await expect(fromEnd, [0: [10, 11]], "a reader from the end sees what is written after it was made")
    try await expect(lastFive, [0: Array(5..<12), 1: Array(0..<3)], "a reader of the last five sees five of each partition")
    for reader in [fromStart, fromEnd, lastFive] {
      try requireEqual(reader.remaining(), 0, "what was there when the reader was made has been seen")
      await reader.close()
      await reader.close()
    }
  }

  private func expect(_ reader: any EventReader, _ expected: [Int32: [Int64]], _ promise: String) async throws {
    let count = expected.values.reduce(0) { $0 + $1.count }
    var found: [Int32: [Int64]] = [:]
    let clock = SystemClock()
    let deadline = clock.uptime() + ConformanceMember.waitMax
    while found.values.reduce(0, { $0 + $1.count }) < count, clock.uptime() < deadline {
      for case .records(let records) in await reader.poll(PollLimit(wait: .milliseconds(50))) {
        for record in records { found[record.source.partition, default: []].append(record.offset) }
      }
    }
    try requireEqual(found, expected, promise)
  }
}
