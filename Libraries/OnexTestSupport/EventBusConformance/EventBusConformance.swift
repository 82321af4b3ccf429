import OnexCore

/// What every event bus promises, checked from outside. The same checks run against the in-memory bus, librdkafka's mock cluster and
/// a real broker; each makes its own topics and groups, so that they run side by side.
public struct EventBusConformance: Sendable {
  public enum Check: String, CaseIterable, Sendable {
    case orderWithinAPartition, keysPlacedByMurmur2, namedPartition, roundTripOfEveryShape, concurrentPublishes
    case largeRecord, tooLargeRecordFailsAlone, pollLimits
    case skippedRecords, skippedWhilePaused, nothingSkippedByANewGroup
    case resumesAtStoredOffsets, nothingTwiceAfterStoreAndClose, againWhenNotStored, foreignOffsetsRefused, latestStart, lag
    case pauseAndResume, pausedPartitionKeepsItsPlace, seekBack, seekWhilePaused, foreignSeekRefused, pauseEndsWithItsAssignment
    case revocationHandshake, partialRevocation, standingBy, leavingHandsOver
    case readers, closing
  }

  let bus: any EventBus
  /// Makes a topic with so many partitions and a name of its own.
  let makeTopic: @Sendable (_ partitions: Int) async throws -> String
  /// Deletes the records of a partition up to an offset, as retention does.
  let deleteRecords: @Sendable (TopicPartition, Int64) async throws -> Void
  /// A record of this size is refused.
  let tooLarge: Int

  public init(
    _ bus: any EventBus, tooLarge: Int = 9 << 20,
    deleteRecords: @escaping @Sendable (TopicPartition, Int64) async throws -> Void,
    makeTopic: @escaping @Sendable (_ partitions: Int) async throws -> String
  ) {
    self.bus = bus
    self.deleteRecords = deleteRecords
    self.tooLarge = tooLarge
    self.makeTopic = makeTopic
  }

  /// - Throws: `ConformanceFailure` with the promise that was not kept.
  public func run(_ check: Check) async throws {
    switch check {
    case .orderWithinAPartition: try await orderWithinAPartition()
    case .keysPlacedByMurmur2: try await keysPlacedByMurmur2()
    case .namedPartition: try await namedPartition()
    case .roundTripOfEveryShape: try await roundTripOfEveryShape()
    case .concurrentPublishes: try await concurrentPublishes()
    case .largeRecord: try await largeRecord()
    case .tooLargeRecordFailsAlone: try await tooLargeRecordFailsAlone()
    case .pollLimits: try await pollLimits()
    case .skippedRecords: try await skippedRecords()
    case .skippedWhilePaused: try await skippedWhilePaused()
    case .nothingSkippedByANewGroup: try await nothingSkippedByANewGroup()
    case .resumesAtStoredOffsets: try await resumesAtStoredOffsets()
    case .nothingTwiceAfterStoreAndClose: try await nothingTwiceAfterStoreAndClose()
    case .againWhenNotStored: try await againWhenNotStored()
    case .foreignOffsetsRefused: try await foreignOffsetsRefused()
    case .latestStart: try await latestStart()
    case .lag: try await lag()
    case .pauseAndResume: try await pauseAndResume()
    case .pausedPartitionKeepsItsPlace: try await pausedPartitionKeepsItsPlace()
    case .seekBack: try await seekBack()
    case .seekWhilePaused: try await seekWhilePaused()
    case .foreignSeekRefused: try await foreignSeekRefused()
    case .pauseEndsWithItsAssignment: try await pauseEndsWithItsAssignment()
    case .revocationHandshake: try await revocationHandshake()
    case .partialRevocation: try await partialRevocation()
    case .standingBy: try await standingBy()
    case .leavingHandsOver: try await leavingHandsOver()
    case .readers: try await readers()
    case .closing: try await closing()
    }
  }

  // MARK: - What the checks share

  /// Writes `count` numbered records into a partition.
  func fill(_ topic: String, _ partition: Int32, _ numbers: Range<Int>, size: Int = 0) async throws {
    let padding = String(repeating: ".", count: size)
    try await publish(
      numbers.map { OutboundRecord(topic: topic, partition: partition, key: nil, value: Bytes("\($0)\(padding)")) })
  }

  func publish(_ records: [OutboundRecord]) async throws {
    let producer = try bus.producer()
    let failures = await producer.publish(records)
    await producer.close(timeout: .seconds(10))
    try require(failures.isEmpty, "records are written: \(failures.first.map { "\($0.index): \($0.error)" } ?? "")")
  }

  func join(_ topic: String, group: String? = nil, start: Subscription.Start = .earliest) throws -> ConformanceMember {
    ConformanceMember(
      try bus.consumer(OnexCore.Subscription(topics: [topic], group: group ?? "\(topic)-group", start: start)))
  }

  /// A member that holds all `partitions` of the topic.
  func joined(_ topic: String, partitions: Int, group: String? = nil) async throws -> ConformanceMember {
    let member = try join(topic, group: group)
    try await member.poll(PollLimit(records: 1, wait: .milliseconds(20)), until: "the only member gets every partition") {
      $0.assigned.count == partitions
    }
    return member
  }
}
