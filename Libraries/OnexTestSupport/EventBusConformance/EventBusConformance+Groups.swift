import OnexCore

extension EventBusConformance {
  func revocationHandshake() async throws {
    let topic = try await makeTopic(4)
    for partition in 0..<4 { try await fill(topic, Int32(partition), 0..<100) }
    let first = try await joined(topic, partitions: 4)
    first.yieldsReadily = false
    try await first.poll(PollLimit(records: 40, wait: .milliseconds(20)), until: "some records come") { $0.records.count >= 40 }
    let second = try join(topic)
    try await ConformanceMember.poll([first, second], until: "the group wants partitions back") { !first.revoking.isEmpty }
    let wanted = first.revoking
    try requireEqual(wanted.count, 2, "half of the partitions move")
    // Long enough for a careless bus to hand them out.
    for _ in 0..<10 {
      try await first.poll()
      try await second.poll()
    }
    try require(second.assigned.isDisjoint(with: wanted), "a partition stays its owner's until it is given up")
    try first.giveUp()
    try await ConformanceMember.poll([first, second], until: "the second member gets them") { second.assigned == wanted }
    try requireEqual(first.assigned.count, 2, "the first member keeps the others")
    try await ConformanceMember.poll([first, second], until: "every record is read") {
      first.records.count + second.records.count >= 400
    }
    for partition in first.assigned.union(second.assigned) {
      let offsets = (first.offsets(partition) + second.offsets(partition)).sorted()
      try requireEqual(offsets, Array(0..<100), "each record of \(partition) comes to one member once")
    }
    await first.consumer.close()
    await second.consumer.close()
  }

  /// Lanes finish one by one.
  func partialRevocation() async throws {
    let topic = try await makeTopic(4)
    let first = try await joined(topic, partitions: 4)
    first.yieldsReadily = false
    let second = try join(topic)
    try await ConformanceMember.poll([first, second], until: "the group wants partitions back") { first.revoking.count == 2 }
    for partition in first.revoking.sorted() {
      first.consumer.completeRevocation([partition])
      try await first.poll()
      try await second.poll()
    }
    try await ConformanceMember.poll([first, second], until: "what was given up in parts is handed over") {
      second.assigned == first.revoking
    }
    await first.consumer.close()
    await second.consumer.close()
  }

  func standingBy() async throws {
    let topic = try await makeTopic(2)
    let members = [try join(topic), try join(topic), try join(topic)]
    try await ConformanceMember.poll(members, until: "every member joins and two of three get a partition") {
      members.allSatisfy(\.hasJoined) && members.map(\.assigned.count).sorted() == [0, 1, 1]
    }
    let leaving = members.firstIndex { !$0.assigned.isEmpty } ?? 0
    let staying = members.indices.filter { $0 != leaving }.map { members[$0] }
    await members[leaving].consumer.close()
    try await ConformanceMember.poll(staying, until: "the one that stood by takes over") {
      staying.allSatisfy { $0.assigned.count == 1 }
    }
    try await fill(topic, 0, 0..<5)
    try await fill(topic, 1, 0..<5)
    try await ConformanceMember.poll(staying, until: "and reads") { staying.allSatisfy { $0.records.count == 5 } }
    for member in staying { await member.consumer.close() }
  }

  func leavingHandsOver() async throws {
    let topic = try await makeTopic(2)
    try await fill(topic, 0, 0..<50)
    try await fill(topic, 1, 0..<50)
    let members = [try join(topic), try join(topic)]
    try await ConformanceMember.poll(members, until: "each member gets a partition") {
      members.allSatisfy { $0.assigned.count == 1 && $0.revoking.isEmpty }
    }
    try await ConformanceMember.poll(members, until: "everything is read") {
      members.reduce(0) { $0 + $1.records.count } >= 100
    }
    let (leaver, heir) = (members[0], members[1])
    let inherited = leaver.assigned
    try leaver.store()
    await leaver.consumer.close()
    for partition in inherited { try await fill(partition.topic, partition.partition, 50..<60) }
    try await heir.poll(until: "the other takes over") { $0.assigned.count == 2 }
    try await heir.poll(until: "and continues") { heir in inherited.allSatisfy { heir.offsets($0).last == 59 } }
    for partition in inherited {
      let all = leaver.offsets(partition) + heir.offsets(partition)
      try requireEqual(Array(all.suffix(60)), Array(0..<60), "it continues where the leaver had stored")
    }
    await heir.consumer.close()
  }

  func closing() async throws {
    let topic = try await makeTopic(1)
    let producer = try bus.producer()
    await producer.close(timeout: .seconds(5))
    await producer.close(timeout: .seconds(5))
    let failures = await producer.publish([OutboundRecord(topic: topic, key: nil, value: "x")])
    try requireEqual(failures.first?.error.code, .closed, "a closed producer writes nothing and says so")
    let member = try await joined(topic, partitions: 1)
    await member.consumer.close()
    await member.consumer.close()
    let events = await member.consumer.poll(PollLimit(wait: .milliseconds(10)))
    try require(events.isEmpty, "a closed consumer gives nothing")
    let early = try join(topic)
    await early.consumer.close()
    let released = try await joined(topic, partitions: 1).assigned
    try requireEqual(released.count, 1, "a closed member holds nothing back")
    let heir = try join(topic)
    try await heir.poll(until: "a released member holds nothing back either") { $0.assigned.count == 1 }
    await heir.consumer.close()
  }
}
