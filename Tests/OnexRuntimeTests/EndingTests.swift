import OnexCore
import OnexInMemory
import OnexKernel
import OnexService
import Synchronization
import Testing

@testable import OnexRuntime

/// A role without a store that ends while a handler runs: the work is done again by another process, and only that may answer.
@Suite(.timeLimit(.minutes(1)), .serialized) struct EndingTests {
  /// A bus whose consumers fail for good when a test says so.
  private final class BreakingBus: EventBus {
    let base = InMemoryEventBus(limits: InMemoryEventBus.Limits(partitions: 1))
    let isBroken = Atomic<Bool>(false)

    func consumer(_ subscription: Subscription) throws(EventBusError) -> any EventConsumer {
      BreakingConsumer(try base.consumer(subscription), self)
    }

    func producer() throws(EventBusError) -> any EventProducer { try base.producer() }

    func reader(topics: [String], from start: ReaderStart) async throws(EventBusError) -> any EventReader {
      try await base.reader(topics: topics, from: start)
    }
  }

  private final class BreakingConsumer: EventConsumer {
    private let base: any EventConsumer
    private let bus: BreakingBus

    init(_ base: any EventConsumer, _ bus: BreakingBus) {
      self.base = base
      self.bus = bus
    }

    func poll(_ limit: PollLimit) async -> [ConsumerEvent] {
      if bus.isBroken.load(ordering: .acquiring) { return [.fault(EventBusError(.fenced, "broken", isFatal: true))] }
      return await base.poll(PollLimit(records: limit.records, bytes: limit.bytes, wait: .milliseconds(5)))
    }

    func completeRevocation(_ partitions: [TopicPartition]) { base.completeRevocation(partitions) }
    func storeOffsets(_ next: [TopicPartition: Int64]) throws(EventBusError) { try base.storeOffsets(next) }
    func commit() async throws(EventBusError) { try await base.commit() }
    func pause(_ partitions: [TopicPartition]) { base.pause(partitions) }
    func resume(_ partitions: [TopicPartition]) { base.resume(partitions) }
    func seek(_ partition: TopicPartition, to offset: Int64) throws(EventBusError) { try base.seek(partition, to: offset) }
    func lag() -> [TopicPartition: Int64] { base.lag() }
    func close() async { await base.close() }
  }

  enum Ending: CaseIterable { case fatalError, cancellation }

  @Test(arguments: Ending.allCases) func interruptedWorkIsNotAnswered(_ ending: Ending) async throws {
    let clock = SystemClock()
    let context = ServiceContext(
      name: "test", configuration: try Configuration.load([], from: EnvironmentVariables([:])), health: HealthState(clock: clock),
      clock: clock)
    let bus = BreakingBus()
    let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
    let options = RoleOptions(contractsDirectory: "/\(folder)/Contracts")
    let role = HandlerRole(kind: .compute, input: "in", output: "out", group: "g", http: nil, handlers: Harness.handlers)
    let pipeline = try role.pipeline(bus, LoadedContracts.load(options, context), StatelessStore(), options, context)
    let producer = try bus.producer()
    let requests = (0..<20).map { number in
      let id = CorrelationID(RandomIDSource().next())
      let text = #"{"operation":"sleeping.long","correlation_id":"\#(id)","payload":{}}"#
      return OutboundRecord(topic: "in", key: Bytes("key-\(number)"), value: Bytes(text))
    }
    #expect(await producer.publish(requests).isEmpty)
    let run = Task { try await pipeline.run() }
    while pipeline.inFlight < 20 { await Task.yield() }
    switch ending {
    case .fatalError: bus.isBroken.store(true, ordering: .releasing)
    case .cancellation: run.cancel()
    }
    let result = await run.result
    if ending == .fatalError { #expect(throws: ServiceFailure.self) { try result.get() } }
    let reader = try await bus.reader(topics: ["out"], from: .beginning)
    #expect(reader.remaining() == 0, "nothing was published for work that was interrupted")
  }
}
