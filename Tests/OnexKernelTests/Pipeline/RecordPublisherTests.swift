import OnexCore
import OnexJSON
import OnexTestSupport
import Synchronization
import Testing

@testable import OnexKernel
@testable import OnexService

/// What happens to outputs that the broker did not take at once.
@Suite struct RecordPublisherTests {
  /// Refuses every record of each attempt with that attempt's error, and takes everything once there is none left.
  private final class RefusingProducer: EventProducer {
    private let errors: Mutex<[EventBusError]>
    let attempts = Mutex(0)

    init(_ errors: [EventBusError]) { self.errors = Mutex(errors) }

    func send(_ records: [OutboundRecord]) -> Publication {
      attempts.withLock { $0 += 1 }
      let error = errors.withLock { $0.isEmpty ? nil : $0.removeFirst() }
      return Publication(over: error.map { error in records.indices.map { PublishFailure(index: $0, error: error) } } ?? [])
    }

    func close(timeout: Duration) async {}
  }

  private let unknown = EventBusError(.unknownTopic, "no such topic")
  private let broken = EventBusError(.other, "out of order sequence number", isFatal: true)

  private func repeated(_ producer: RefusingProducer, first: EventBusError) async throws -> RecordPublisher.End {
    let clock = SystemClock()
    let source = ConsumedRecord(source: TopicPartition("in", 0), offset: 1, key: nil, value: "x", timestamp: nil)
    let output = OutboundRecord(topic: "out", key: nil, value: "y")
    let publisher = RecordPublisher(
      producer: producer, clock: clock, ids: RandomIDSource(),
      backoff: RetryPolicy(attemptsMax: .max, initialBackoff: .milliseconds(1), maxBackoff: .milliseconds(1)), group: "g",
      outages: OutageReporter(health: HealthState(clock: clock), logger: .disabled, name: "g"), deadLetters: Counter(),
      logger: .disabled)
    return await publisher.repeatFailed(
      [PublishFailure(index: 0, error: first)],
      of: PublishedBatch(settlements: [], outputs: [output], source: { _ in source }, publication: Publication(over: [])))
  }

  @Test func whatIsRefusedForNowIsRepeatedUntilItIsTaken() async throws {
    let producer = RefusingProducer([unknown, unknown])
    #expect(try await repeated(producer, first: unknown) == .written)
    #expect(producer.attempts.withLock { $0 } == 3)
  }

  /// A broker that lost its data: its topics are unknown until they are made again, and then it refuses the producer for good.
  @Test func aProducerThatFailsForGoodWhileItRepeatsIsNotAskedAgain() async throws {
    let producer = RefusingProducer([unknown, broken])
    #expect(try await repeated(producer, first: unknown) == .broken(broken))
    #expect(producer.attempts.withLock { $0 } == 2)
  }

  // MARK: - Records that are refused for what they are

  /// Takes what is small enough, as a topic does.
  private final class NarrowProducer: EventProducer {
    let written = Mutex<[OutboundRecord]>([])
    let attempts = Mutex(0)
    private let bytesMax: Int

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    private func size(_ record: OutboundRecord) -> Int {
      record.headers.reduce((record.value?.count ?? 0) + (record.key?.count ?? 0)) {
        $0 + $1.name.utf8.count + ($1.value?.count ?? 0)
      }
    }

    func send(_ records: [OutboundRecord]) -> Publication {
      attempts.withLock { $0 += 1 }
      var failures: [PublishFailure] = []
      for (index, record) in records.enumerated() {
        if size(record) > bytesMax {
          failures.append(PublishFailure(index: index, error: EventBusError(.recordTooLarge, "Broker: Message size too large")))
        } else {
          written.withLock { $0.append(record) }
        }
      }
      return Publication(over: failures)
    }

    func close(timeout: Duration) async {}
  }

  private func publish(
    _ output: OutboundRecord, source: ConsumedRecord, bytesMax: Int, answerTopic: String? = nil
  ) async -> (end: RecordPublisher.End, written: [OutboundRecord], attempts: Int) {
    let producer = NarrowProducer(bytesMax: bytesMax)
    let clock = VirtualClock()
    var publisher = RecordPublisher(
      producer: producer, clock: clock, ids: RandomIDSource(), backoff: .outage, group: "g",
      outages: OutageReporter(health: HealthState(clock: clock), logger: .disabled, name: "g"), deadLetters: Counter(),
      logger: .disabled)
    publisher.answerTopic = { _ in answerTopic }
    // Time stands still: a wait would never end.
    let failures = await producer.send([output]).failures()
    let end = await publisher.repeatFailed(
      failures,
      of: PublishedBatch(settlements: [], outputs: [output], source: { _ in source }, publication: Publication(over: failures)))
    return (end, producer.written.withLock { $0 }, producer.attempts.withLock { $0 })
  }

  private func large(_ count: Int) -> Bytes { Bytes(String(repeating: "x", count: count)) }

  private func text(_ headers: [RecordHeader], _ name: String) -> String? { headers.last { $0.name == name }?.value?.text }

  @Test func aDeadLetterThatIsTooLargeLosesItsValueAndKeepsItsPlace() async {
    let source = ConsumedRecord(
      source: TopicPartition("in", 3), offset: 77, key: "k", value: large(5000), headers: [RecordHeader("mine", "1")],
      timestamp: nil)
    let letter = DeadLetter.record(
      for: source,
      cause: DeadLetter.Cause(code: "INVALID_JSON", reason: "no", consumerGroup: "g", time: Timestamp(microseconds: 0)))
    let result = await publish(letter, source: source, bytesMax: 2000)
    #expect(result.end == .written && result.written.count == 1)
    let written = result.written[0]
    #expect(written.topic == "in.dlq" && written.value == nil && written.key == "k")
    #expect(text(written.headers, "onex_dlq_original_topic") == "in")
    #expect(text(written.headers, "onex_dlq_original_partition") == "3")
    #expect(text(written.headers, "onex_dlq_original_offset") == "77")
    #expect(text(written.headers, "onex_dlq_original_size") == "5000")
    #expect(text(written.headers, "onex_dlq_error_code") == "INVALID_JSON")
    #expect(text(written.headers, "mine") == "1")
  }

  @Test(arguments: [(3000, 10), (10, 3000), (3000, 3000)])
  func headersAndKeyOfTheOriginalGoNext(_ header: Int, _ key: Int) async {
    let source = ConsumedRecord(
      source: TopicPartition("in", 3), offset: 77, key: large(key), value: large(5000),
      headers: [RecordHeader("onex_dlq_original_offset", large(header))], timestamp: nil)
    let letter = DeadLetter.record(
      for: source,
      cause: DeadLetter.Cause(code: "INVALID_JSON", reason: "no", consumerGroup: "g", time: Timestamp(microseconds: 0)))
    let result = await publish(letter, source: source, bytesMax: 2000)
    #expect(result.end == .written && result.written.count == 1)
    #expect(text(result.written[0].headers, "onex_dlq_original_offset") == "77")
  }

  @Test func aDeadLetterThatNothingMakesFitIsGivenUp() async {
    let source = ConsumedRecord(source: TopicPartition("in", 3), offset: 77, key: nil, value: large(5000), timestamp: nil)
    let letter = DeadLetter.record(
      for: source,
      cause: DeadLetter.Cause(code: "INVALID_JSON", reason: "no", consumerGroup: "g", time: Timestamp(microseconds: 0)))
    let result = await publish(letter, source: source, bytesMax: 10)
    #expect(result.end == .written && result.written.isEmpty && result.attempts == 2)
  }

  @Test func aResponseThatIsTooLargeBecomesAnAnswerThatSaysSo() async throws {
    let ids = (EnvelopeID(RandomIDSource().next()), CorrelationID(RandomIDSource().next()))
    let response =
      #"{"is_response":true,"envelope_id":"\#(ids.0)","correlation_id":"\#(ids.1)","success":true,"onex_reply_to":"deadline","payload":{"a":"\#(large(5000).text)"}}"#
    let source = ConsumedRecord(source: TopicPartition("in", 3), offset: 77, key: "k", value: "{}", timestamp: nil)
    let output = OutboundRecord(topic: "out", key: "k", value: Bytes(response), messageID: ids.0)
    let result = await publish(output, source: source, bytesMax: 2000)
    #expect(result.end == .written && result.written.count == 1)
    let answer = try JSONValue.parse(try #require(result.written[0].value))
    #expect(answer["error"]?["code"] == "OUTPUT_TOO_LARGE" && answer["error"]?["retryable"] == false)
    #expect(answer["correlation_id"]?.string == ids.1.description)
    #expect(answer["onex_reply_to"] == "deadline", "where the answer belongs is kept")
    #expect(result.written[0].messageID == ids.0 && result.written[0].topic == "out")
  }

  @Test func aRequestToARoleThatIsTooLargeIsAnsweredInItsPlace() async throws {
    let ids = (EnvelopeID(RandomIDSource().next()), CorrelationID(RandomIDSource().next()))
    let request =
      #"{"operation":"http.post","envelope_id":"\#(ids.0)","correlation_id":"\#(ids.1)","onex_reply_to":"deadline","payload":{"a":"\#(large(5000).text)"}}"#
    let source = ConsumedRecord(
      source: TopicPartition("requests", 3), offset: 77, key: "k", value: Bytes(request), timestamp: nil)
    let output = OutboundRecord(topic: "effect-requests", key: "k", value: Bytes(request), messageID: ids.0)
    let result = await publish(output, source: source, bytesMax: 2000, answerTopic: "effect-responses")
    let written = try #require(result.written.first)
    let answer = try JSONValue.parse(try #require(written.value))
    #expect(written.topic == "effect-responses")
    #expect(answer["error"]?["code"] == "OUTPUT_TOO_LARGE" && answer["causation_id"]?.string == ids.0.description)
    #expect(answer["onex_reply_to"] == "deadline")
  }

  /// Neither a response nor a request: the consumed record itself is kept.
  @Test func anythingElseThatIsRefusedBecomesADeadLetterOfItsSource() async {
    let source = ConsumedRecord(source: TopicPartition("in", 3), offset: 77, key: "k", value: "small", timestamp: nil)
    let result = await publish(OutboundRecord(topic: "out", key: nil, value: large(5000)), source: source, bytesMax: 2000)
    #expect(result.written.map(\.topic) == ["in.dlq"])
    #expect(result.written.first?.value == "small")
  }

  /// A permission that is missing is waited for under its own name, with the topic.
  @Test func aMissingPermissionIsNoOutage() async {
    let clock = VirtualClock()
    let health = HealthState(clock: clock)
    let refused = EventBusError(.authorization, "Broker: Topic authorization failed")
    let producer = RefusingProducer([refused])
    let publisher = RecordPublisher(
      producer: producer, clock: clock, ids: RandomIDSource(), backoff: .outage, group: "g",
      outages: OutageReporter(health: health, logger: .disabled, name: "g"), deadLetters: Counter(), logger: .disabled)
    let source = ConsumedRecord(source: TopicPartition("in", 0), offset: 1, key: nil, value: "x", timestamp: nil)
    async let end = publisher.repeatFailed(
      [PublishFailure(index: 0, error: refused)],
      of: PublishedBatch(
        settlements: [], outputs: [OutboundRecord(topic: "responses", key: nil, value: "y")], source: { _ in source },
        publication: Publication(over: [])))
    await clock.waitForSleeper(dueWithin: .seconds(5))
    let reason = health.snapshot().reasons.first
    #expect(reason?.code == "BROKER_REFUSED" && reason?.message.contains("responses") == true)
    clock.advance(by: .seconds(5))
    await clock.waitForSleeper(dueWithin: .seconds(5))
    clock.advance(by: .seconds(5))
    #expect(await end == .written)
    #expect(health.snapshot().reasons.isEmpty)
  }
}
