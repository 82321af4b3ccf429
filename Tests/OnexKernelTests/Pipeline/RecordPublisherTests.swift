import OnexCore
import OnexService
import Synchronization
import Testing

@testable import OnexKernel

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
      outages: OutageReporter(health: HealthState(clock: clock), logger: .disabled), deadLetters: Counter())
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
}
