import OnexCore

extension EventBusConformance {
  func resumesAtStoredOffsets() async throws {
    let topic = try await makeTopic(2)
    try await fill(topic, 0, 0..<100)
    try await fill(topic, 1, 0..<100)
    let first = try join(topic)
    try await first.poll(until: "200 records come") { $0.records.count == 200 }
    try first.consumer.storeOffsets([TopicPartition(topic, 0): 60, TopicPartition(topic, 1): 100])
    try await first.consumer.commit()
    try await first.consumer.commit()
    await first.consumer.close()
    let second = try join(topic)
    try await second.poll(until: "the rest comes") { $0.records.count >= 40 }
    try requireEqual(second.offsets(TopicPartition(topic, 0)), Array(60..<100), "a new member begins where the group has stored")
    try requireEqual(second.offsets(TopicPartition(topic, 1)), [], "what is stored does not come again")
    await second.consumer.close()
  }

  func nothingTwiceAfterStoreAndClose() async throws {
    let topic = try await makeTopic(1)
    try await fill(topic, 0, 0..<50)
    let first = try join(topic)
    try await first.poll(until: "50 records come") { $0.records.count == 50 }
    try first.store()
    await first.consumer.close()
    try await fill(topic, 0, 50..<51)
    let second = try join(topic)
    try await second.poll(until: "the new record comes") { !$0.records.isEmpty }
    try requireEqual(second.records.map(\.offset), [50], "closing commits what is stored")
    await second.consumer.close()
  }

  func againWhenNotStored() async throws {
    let topic = try await makeTopic(1)
    try await fill(topic, 0, 0..<50)
    let first = try join(topic)
    try await first.poll(until: "50 records come") { $0.records.count == 50 }
    await first.consumer.close()
    let second = try join(topic)
    try await second.poll(until: "they come again") { $0.records.count == 50 }
    try requireEqual(second.records.map(\.offset), Array(0..<50), "what is not stored comes again")
    await second.consumer.close()
  }

  func foreignOffsetsRefused() async throws {
    let topic = try await makeTopic(1)
    try await fill(topic, 0, 0..<2)
    let member = try await joined(topic, partitions: 1)
    try await member.poll(until: "records come") { $0.records.count == 2 }
    let error = refusal { () throws(EventBusError) in
      try member.consumer.storeOffsets([TopicPartition(topic, 0): 1, TopicPartition("\(topic)-other", 3): 7])
    }
    try requireEqual(error?.code, .fenced, "offsets of a partition that is not held are refused")
    await member.consumer.close()
    let late = refusal { () throws(EventBusError) in try member.consumer.storeOffsets([TopicPartition(topic, 0): 2]) }
    try require(late != nil, "a closed consumer stores nothing")
    let second = try join(topic)
    try await second.poll(until: "a record comes") { !$0.records.isEmpty }
    try requireEqual(second.records.first?.offset, 1, "offsets of the partitions that are held are stored all the same")
    await second.consumer.close()
  }

  func latestStart() async throws {
    let topic = try await makeTopic(1)
    try await fill(topic, 0, 0..<20)
    let member = try join(topic, start: .latest)
    try await member.poll(until: "the member is assigned") { $0.assigned.count == 1 }
    // The end is looked up after the assignment, so that the first of these may lie before it.
    var next = 20
    while member.records.isEmpty {
      try require(next < 1000, "a record that is written after the start comes")
      try await fill(topic, 0, next..<(next + 1))
      next += 1
      try await member.poll(PollLimit(wait: .milliseconds(100)))
    }
    try require(member.records.allSatisfy { $0.offset >= 20 }, "a group that starts at the end does not see what was there")
    await member.consumer.close()
  }

  /// A group that was away finds records gone: also where it had read none of the partition before.
  func skippedRecords() async throws {
    let topic = try await makeTopic(2)
    let (read, unread) = (TopicPartition(topic, 0), TopicPartition(topic, 1))
    try await fill(topic, 0, 0..<10)
    let first = try await joined(topic, partitions: 2)
    try await first.poll(until: "ten records come") { $0.records.count == 10 }
    // A poll more, so that the bus has noted where the other partition begins.
    try await first.poll()
    try first.store()
    await first.consumer.close()
    try await fill(topic, 0, 10..<20)
    try await fill(topic, 1, 0..<5)
    try await deleteRecords(read, 15)
    try await deleteRecords(unread, 4)
    let second = try join(topic)
    try await second.poll(until: "what is left comes") { $0.records.count == 6 && $0.skipped.count == 2 }
    try requireEqual(second.offsets(read), Array(15..<20), "reading goes on at the first record that is left")
    try requireEqual(second.offsets(unread), [4], "in each partition")
    try requireEqual(
      second.skipped.sorted { $0.partition < $1.partition },
      [
        ConformanceMember.Skip(partition: read, from: 10, to: 15), ConformanceMember.Skip(partition: unread, from: 0, to: 4),
      ], "records that were deleted unread are reported")
    try require(second.wentBack.isEmpty, "a gap is no step back")
    await second.consumer.close()
  }

  /// A member that is too slow finds records gone while it holds the partition.
  func skippedWhilePaused() async throws {
    let topic = try await makeTopic(1)
    let partition = TopicPartition(topic, 0)
    try await fill(topic, 0, 0..<10)
    let member = try await joined(topic, partitions: 1)
    try await member.poll(until: "ten records come") { $0.records.count == 10 }
    member.consumer.pause([partition])
    try await fill(topic, 0, 10..<30)
    try await deleteRecords(partition, 25)
    member.consumer.resume([partition])
    try await member.poll(until: "the gap is reported and what is left comes; \(member.skipped)") {
      $0.records.count == 15 && !$0.skipped.isEmpty
    }
    try requireEqual(
      member.skipped, [ConformanceMember.Skip(partition: partition, from: 10, to: 25)], "the gap is reported once, and exactly")
    await member.consumer.close()
  }

  /// A group that reads a topic for the first time has missed nothing of what was deleted before.
  func nothingSkippedByANewGroup() async throws {
    let topic = try await makeTopic(1)
    try await fill(topic, 0, 0..<10)
    try await deleteRecords(TopicPartition(topic, 0), 5)
    let member = try join(topic)
    try await member.poll(until: "what is left comes") { $0.records.count == 5 }
    try require(member.skipped.isEmpty && member.wentBack.isEmpty, "a new group begins with what is there")
    await member.consumer.close()
  }

  func lag() async throws {
    let topic = try await makeTopic(2)
    try await fill(topic, 0, 0..<10)
    try await fill(topic, 1, 0..<5)
    let member = try await joined(topic, partitions: 2)
    try await member.poll(until: "15 records come") { $0.records.count == 15 }
    try await member.poll(until: "what was handed out and not stored is lag; it is \(member.consumer.lag())") { member in
      member.consumer.lag() == [TopicPartition(topic, 0): 10, TopicPartition(topic, 1): 5]
    }
    try member.consumer.storeOffsets([TopicPartition(topic, 0): 4, TopicPartition(topic, 1): 5])
    try await member.poll(until: "the lag is what lies behind the stored offsets; it is \(member.consumer.lag())") { member in
      member.consumer.lag() == [TopicPartition(topic, 0): 6, TopicPartition(topic, 1): 0]
    }
    try await fill(topic, 1, 5..<8)
    try await member.poll(until: "the lag grows with the log") { $0.consumer.lag()[TopicPartition(topic, 1)] == 3 }
    member.consumer.pause([TopicPartition(topic, 0)])
    try await fill(topic, 0, 10..<14)
    try await member.poll(until: "the lag of a paused partition grows, too") {
      $0.consumer.lag()[TopicPartition(topic, 0)] == 10
    }
    try member.consumer.storeOffsets([TopicPartition(topic, 0): 14, TopicPartition(topic, 1): 8])
    await member.consumer.close()
    let next = try await joined(topic, partitions: 2)
    try await next.poll(until: "what the group had committed before is no lag; it is \(next.consumer.lag())") { member in
      member.consumer.lag() == [TopicPartition(topic, 0): 0, TopicPartition(topic, 1): 0]
    }
    await next.consumer.close()
  }

  /// What `body` was refused with.
  func refusal(_ body: () throws(EventBusError) -> Void) -> EventBusError? {
    do throws(EventBusError) {
      try body()
      return nil
    } catch {
      return error
    }
  }
}
