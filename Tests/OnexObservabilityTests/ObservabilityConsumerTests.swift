import OnexCore
import OnexInMemory
import OnexPostgres
import OnexService
import Testing

@testable import OnexObservability

/// The consumer on a bus and a table in memory.
@Suite(.timeLimit(.minutes(1))) struct ObservabilityConsumerTests {
  @Test func eventsBecomeRowsAndTheirOffsetsAreStored() async throws {
    let stage = try Stage()
    try await stage.run {
      try await stage.send((0..<500).map { Events.action($0) })
      try await stage.until { stage.store.ids.count == 500 }
      try await stage.until { stage.isReady }
    }
    #expect(stage.unstored == 0)
  }

  @Test func repeatsChangeNothing() async throws {
    let stage = try Stage()
    try await stage.run {
      let events = (0..<50).map { Events.action($0) }
      try await stage.send(events + events + [Events.action(99)])
      try await stage.until { stage.store.ids.contains(Events.id(99)) && stage.metric("rows_total{result=\"repeated\"}") == 50 }
    }
    #expect(stage.store.ids.count == 51)
    #expect(stage.metric("rows_total{result=\"new\"}") == 51)
  }

  @Test func badEventsAreDeadLetteredWithTheCauseAndTheirNeighboursAreKept() async throws {
    let stage = try Stage()
    let letters = try await stage.run {
      let reader = try await stage.bus.reader(topics: [Topics.deadLetters(of: Topics.agentActions)], from: .beginning)
      try await stage.send([Events.action(1), "not json", Events.action(2, ["id": "x"]), nil, Events.action(3)])
      try await stage.until { stage.store.ids.count == 2 }
      return try await stage.read(reader, count: 3)
    }
    #expect(stage.store.ids == [Events.id(1), Events.id(3)])
    #expect(Set(letters.map { $0.value?.text }) == ["not json", Events.action(2, ["id": "x"]).text, nil])
    let codes = letters.map { $0.header("onex_dlq_error_code") }.sorted()
    #expect(codes == ["INVALID_JSON", "SCHEMA_VIOLATION", "TOMBSTONE"])
    #expect(letters.allSatisfy { $0.header("onex_dlq_consumer_group") == Stage.group })
    #expect(stage.unstored == 0)
  }

  @Test func aRowThatTheDatabaseRefusesIsFoundAndIsolated() async throws {
    let stage = try Stage()
    stage.store.fail { rows in
      rows.contains { $0.value("action_name") == .text("poison") }
        ? PostgresError(.statement, "value out of range", sqlState: "22003", subject: "duration_ms") : nil
    }
    let letters = try await stage.run {
      let reader = try await stage.bus.reader(topics: [Topics.deadLetters(of: Topics.agentActions)], from: .beginning)
      try await stage.send((0..<64).map { Events.action($0, $0 == 40 ? ["action_name": "poison"] : [:]) })
      try await stage.until { stage.store.ids.count == 63 }
      return try await stage.read(reader, count: 1)
    }
    #expect(letters.first?.header("onex_dlq_failure_reason").contains("22003") == true)
    #expect(letters.first?.header("onex_dlq_failure_reason").contains("duration_ms") == true)
    #expect(!stage.store.ids.contains(Events.id(40)))
    #expect(stage.unstored == 0)
  }

  @Test(arguments: [PostgresError(.unreachable, "refused"), PostgresError(.statement, "shutting down", sqlState: "57P01")])
  func anOutageStoresNoOffsetDeadLettersNothingAndEndsByItself(_ outage: PostgresError) async throws {
    let stage = try Stage()
    try await stage.run {
      try await stage.send([Events.action(0)])
      try await stage.until { stage.store.ids.count == 1 && stage.isReady }
      stage.store.fail { _ in outage }
      try await stage.send((1..<300).map { Events.action($0) })
      let before = stage.store.inserts
      try await stage.until { !stage.isReady && stage.store.inserts > before }
      #expect(stage.store.ids.count == 1)
      try await stage.until { stage.unstored == 299 }
      stage.store.fail(nil)
      try await stage.until { stage.store.ids.count == 300 && stage.isReady }
    }
    #expect(stage.metric("dead_letters_total") == 0)
    #expect(stage.unstored == 0)
  }

  @Test func aTableThatIsMissingIsNoFaultOfTheRows() async throws {
    let stage = try Stage()
    stage.store.fail { _ in PostgresError(.statement, "relation does not exist", sqlState: SQLState.undefinedTable) }
    try await stage.run {
      try await stage.send([Events.action(1)])
      try await stage.until { stage.store.inserts >= 2 && !stage.isReady }
      stage.store.fail(nil)
      try await stage.until { stage.store.ids.count == 1 && stage.isReady }
    }
    #expect(stage.metric("dead_letters_total") == 0)
  }

  @Test func offsetsDoNotPassADeadLetterThatIsNotWritten() async throws {
    let stage = try Stage()
    try await stage.run {
      stage.bus.failPublishing { record in
        record.topic.hasSuffix(".dlq") ? EventBusError(.unreachable, "no broker", isRetriable: true) : nil
      }
      try await stage.send(["not json"])
      try await stage.until { !stage.isReady }
      #expect(stage.unstored == 1)
      stage.bus.failPublishing(nil)
      try await stage.until { stage.isReady && stage.metric("dead_letters_total") == 1 }
    }
    #expect(stage.unstored == 0)
  }

  @Test func aDeadLetterThatIsTooLargeIsCutAndStopsNothing() async throws {
    let stage = try Stage()
    stage.bus.failPublishing { record in
      guard record.topic.hasSuffix(".dlq"), record.value != nil else { return nil }
      return EventBusError(.recordTooLarge, "larger than max.message.bytes")
    }
    let letters = try await stage.run {
      let reader = try await stage.bus.reader(topics: [Topics.deadLetters(of: Topics.agentActions)], from: .beginning)
      try await stage.send(["not json", Events.action(1)])
      try await stage.until { stage.store.ids.count == 1 && stage.metric("dead_letters_total") == 1 }
      return try await stage.read(reader, count: 1)
    }
    let letter = try #require(letters.first)
    #expect(letter.value == nil && letter.header("onex_dlq_value_dropped") == "true")
    #expect(letter.header("onex_dlq_original_size") == "8" && letter.header("onex_dlq_error_code") == "INVALID_JSON")
    #expect(letter.header("onex_dlq_original_offset") == "0" && stage.metric("dead_letters_cut_total") == 1)
    #expect(stage.unstored == 0)
  }

  @Test func aDeadLetterThatFitsNowhereIsInTheLogAndStopsNothing() async throws {
    let stage = try Stage()
    stage.bus.failPublishing { record in
      record.topic.hasSuffix(".dlq") ? EventBusError(.recordTooLarge, "larger than max.message.bytes") : nil
    }
    try await stage.run {
      try await stage.send(["not json", Events.action(1)])
      try await stage.until {
        stage.store.ids.count == 1 && stage.metric("dead_letters_dropped_total") == 1 && stage.unstored == 0
      }
      #expect(stage.isReady)
    }
  }

  @Test func aPermissionThatIsMissingIsNamedAsSuch() async throws {
    let stage = try Stage()
    try await stage.run {
      stage.bus.failPublishing { record in
        record.topic.hasSuffix(".dlq") ? EventBusError(.authorization, "topic authorization failed") : nil
      }
      try await stage.send(["not json"])
      try await stage.until { stage.reasons.contains("BROKER_REFUSED") }
      #expect(!stage.reasons.contains("BROKER_UNREACHABLE") && stage.unstored == 1)
      stage.bus.failPublishing(nil)
      try await stage.until { stage.isReady && stage.metric("dead_letters_total") == 1 }
    }
    #expect(stage.unstored == 0)
  }

  @Test func recordsThatWereDeletedUnreadAreReportedAndStopNothing() async throws {
    let stage = try Stage()
    try await stage.run {
      try await stage.until { stage.isReady }
      stage.consumer.recordsSkipped(TopicPartition(Topics.agentActions, 2), from: 10, to: 14)
      stage.consumer.recordsSkipped(TopicPartition(Topics.agentActions, 3), from: .min, to: .max)
      #expect(stage.reasons == ["RECORDS_SKIPPED"] && stage.isReady)
      #expect(stage.metric("records_skipped_total{topic=\"agent-actions\",partition=\"2\"}") == 4)
      try await stage.send([Events.action(1)])
      try await stage.until { stage.store.ids.count == 1 }
    }
  }

  @Test func aLogThatWentBackIsReadFromItsNewBeginning() {
    var buffer = RecordBuffer(BatchLimits(rowsDue: 1, waitMax: .zero), topics: [Topics.agentActions: 1])
    let partition = TopicPartition(Topics.agentActions, 0)
    buffer.assign([partition])
    buffer.take([Events.record(7)], at: .zero)
    buffer.restart(partition)
    buffer.take([Events.record(0)], at: .zero)
    let batch = buffer.nextBatch(at: .zero)
    #expect(batch?.records.map(\.offset) == [7, 0])
    #expect(batch.map { buffer.settle($0) } == [partition: 1])
  }

  @Test func theReasonOfALossEndsAfterAnHour() {
    let skips = SkippedRecords()
    #expect(!skips.isOver(at: .seconds(9999)))
    for number in 0..<6 { _ = skips.add(TopicPartition("t", Int32(number)), 2, at: .zero) }
    let message = skips.add(TopicPartition("t", 0), .max, at: .seconds(1))
    #expect(message.contains("\(Int64.max) of t[0], 2 of t[1]") && message.hasSuffix("and of 1 others"))
    #expect(!skips.isOver(at: .seconds(3600)) && skips.isOver(at: .seconds(3602)))
    #expect(skips.add(TopicPartition("t", 1), 1, at: .seconds(4000)).hasSuffix(": 1 of t[1]"))
  }

  @Test func aProducerThatFailsForGoodEndsTheProcessAndLosesNothing() async throws {
    let stage = try Stage()
    stage.bus.failPublishing { record in
      record.topic.hasSuffix(".dlq") ? EventBusError(.other, "out of order sequence number", isFatal: true) : nil
    }
    try await stage.send(["not json"])
    await #expect(throws: ServiceFailure.self) { try await stage.runToItsEnd() }
    #expect(stage.unstored == 1)
  }

  @Test func theServiceEndsAlsoWhileTheDatabaseIsAwayAndLosesNothing() async throws {
    let stage = try Stage()
    stage.store.fail { _ in PostgresError(.unreachable, "refused") }
    try await stage.run {
      try await stage.send([Events.action(1)])
      try await stage.until { stage.store.inserts > 0 }
    }
    #expect(stage.unstored == 1)
  }

  @Test func twoMembersShareThePartitionsAndNothingIsLost() async throws {
    let stage = try Stage()
    let second = try stage.member()
    try await stage.run {
      try await stage.send((0..<100).map { Events.action($0) })
      try await stage.until { stage.store.ids.count >= 50 }
      async let other: Void = second.consumer.run()
      try await stage.send((100..<200).map { Events.action($0) })
      try await stage.until { stage.store.ids.count == 200 }
      second.shutdown.request()
      try await other
      try await stage.send((200..<300).map { Events.action($0) })
      try await stage.until { stage.store.ids.count == 300 }
    }
    #expect(stage.unstored == 0)
  }
}
