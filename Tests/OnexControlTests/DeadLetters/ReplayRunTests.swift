import OnexCore
import OnexInMemory
import OnexTestSupport
import Testing

@testable import OnexControl

/// Replays on the in-memory event bus.
@Suite(.timeLimit(.minutes(1))) struct ReplayRunTests {
  private let bus = InMemoryEventBus()

  init() {
    bus.createTopic("requests", partitions: 2)
    bus.createTopic(Letters.topic, partitions: 2)
  }

  private var log: DeadLetterLog {
    DeadLetterLog(topics: [Letters.topic], bus: bus, clock: SystemClock()) {
      ControlFailure(exit: .unavailable, message: $0.description)
    }
  }

  private func write(_ count: Int) async throws {
    let letters = (0..<count).map { index in
      let letter = Letters.letter(Int64(index), headers: [RecordHeader("n", Bytes(String(index)))])
      return OutboundRecord(
        topic: Letters.topic, partition: Int32(index % 2), key: letter.key, value: letter.value, headers: letter.headers)
    }
    #expect(try await bus.producer().publish(letters).isEmpty)
  }

  /// Both passes, as the command does them.
  private func replay(rate: Int = 100_000, limit: Int? = nil) async throws -> ReplayReport {
    let selection = try await log.reduce(ReplaySelection(.matching(DeadLetterFilter()))) { $0.add($1) }
    let run = ReplayRun(
      log: log, chosen: selection.places(limit: limit), pace: ReplayPace(rate: rate), producer: try bus.producer(),
      clock: SystemClock())
    return try await run.perform(
      ReplayReport(topic: Letters.topic, replayedBefore: selection.replayedBefore, refused: selection.refused))
  }

  private func requests() async throws -> [ConsumedRecord] {
    let log = DeadLetterLog(topics: ["requests"], bus: bus, clock: SystemClock()) {
      ControlFailure(exit: .unavailable, message: $0.description)
    }
    return try await log.reduce([]) { $0.append($1) }
  }

  @Test func everythingIsSentOnceHoweverOftenItIsSaid() async throws {
    try await write(40)
    let first = try await replay()
    #expect(first.sent == 40 && first.exit == .success && first.untried == 0)
    let second = try await replay()
    #expect(second.sent == 0 && second.replayedBefore == 40 && second.exit == .success)
    let sent = try await requests()
    #expect(Set(sent.compactMap { $0.headers.first?.value?.text }).count == 40 && sent.count == 40)
    #expect(sent.allSatisfy { $0.headers.count == 1 && $0.key == "key" && $0.value == "value" })
    let tally = try await log.reduce(DeadLetterTally()) { $0.add($1) }
    #expect(tally.groups.map(\.count) == [40] && tally.groups.map(\.replayed) == [40])
  }

  @Test func aLimitGoesOnWhereTheLastRunStopped() async throws {
    try await write(5)
    #expect(try await replay(limit: 2).sent == 2)
    #expect(try await replay(limit: 2).sent == 2)
    #expect(try await replay(limit: 2).sent == 1)
    #expect(try await requests().count == 5)
  }

  @Test func whatTheBrokerRefusesIsNamedAndTriedAgainNextTime() async throws {
    try await write(4)
    bus.failPublishing { record in
      let isThird = record.headers.contains { $0.name == "n" && $0.value == "3" }
      return isThird && record.topic == "requests" ? EventBusError(.recordTooLarge, "too large") : nil
    }
    let report = try await replay()
    #expect(report.sent == 3 && report.exit == .failed)
    #expect(report.failed.map(\.place) == [Letters.place(1, partition: 1)])
    #expect(report.problems == ["failed requests.dlq[1]@1: RECORD_TOO_LARGE: too large"])
    bus.failPublishing(nil)
    #expect(try await replay().sent == 1)
  }

  @Test func whatCannotBeMarkedIsSaid() async throws {
    try await write(1)
    bus.failPublishing { $0.topic == Letters.topic ? EventBusError(.other, "no") : nil }
    let report = try await replay()
    #expect(report.sent == 1 && report.exit == .failed)
    #expect(report.failed.first?.reason.hasPrefix("sent, but not marked") == true)
  }

  @Test func aReplayGivesUpWhenEverythingFails() async throws {
    try await write(300)
    bus.failPublishing { $0.topic == "requests" ? EventBusError(.unknownTopic, "no such topic") : nil }
    let report = try await replay(rate: 1000)
    #expect(report.failed.count == 100 && report.untried == 200 && report.exit == .failed)
    #expect(report.text.contains("200 not tried"))
  }

  @Test func aBrokerThatFallsSilentEndsTheRunInTime() async throws {
    try await write(20)
    let clock = VirtualClock()
    let selection = try await log.reduce(ReplaySelection(.matching(DeadLetterFilter()))) { $0.add($1) }
    let run = ReplayRun(
      log: log, chosen: selection.places(limit: nil), pace: ReplayPace(rate: 100), producer: SilentProducer(clock), clock: clock)
    let report = try await run.perform(ReplayReport(topic: Letters.topic))
    #expect(report.sent == 0 && report.failed.count == 10 && report.untried == 10 && report.exit == .unavailable)
    #expect(report.failed.allSatisfy { $0.reason.contains("did not answer within 30 s") })
  }

  @Test func anEmptyTopicIsReadAtOnce() async throws {
    #expect(try await replay().sent == 0)
    #expect(try await log.reduce(0) { count, _ in count += 1 } == 0)
  }
}
