import OnexCore
import OnexInMemory
import Testing

@testable import OnexObservability
@testable import OnexService

/// A consumer with everything around it in memory.
struct Stage: Sendable {
  static let group = "agent-observability-postgres"

  struct Member: Sendable {
    let consumer: ObservabilityConsumer
    let shutdown: ShutdownSignal
    let health: HealthState
    let metrics: MetricRegistry
  }

  let bus = InMemoryEventBus()
  let store = ScriptedStore()
  private let offsets = RecordingConsumer.Log()
  private let sent = Counter()
  private let producer: any EventProducer
  private let main: Member

  init() throws {
    producer = try bus.producer()
    main = try Stage.member(bus, store, offsets)
  }

  /// Another member of the same group.
  func member() throws -> Member { try Stage.member(bus, store, offsets) }

  private static func member(_ bus: InMemoryEventBus, _ store: ScriptedStore, _ offsets: RecordingConsumer.Log) throws
    -> Member
  {
    let context = ServiceContext(
      name: "test", configuration: try Configuration.load([], from: EnvironmentVariables([:])), health: HealthState())
    let events = try bus.consumer(Subscription(topics: [Topics.agentActions], group: group))
    let consumer = ObservabilityConsumer(
      ObservabilityConsumer.Parts(
        consumer: RecordingConsumer(events, offsets), producer: try bus.producer(),
        store: store, tables: [.agentActions], writersMax: 3, group: group,
        limits: BatchLimits(rowsDue: 100, waitMax: .seconds(1)),
        breaker: CircuitBreakerPolicy(failureThreshold: 1000), policy: DecodingPolicy(), pollStalenessMax: .seconds(60),
        writeStalenessMax: .seconds(300), context: context))
    return Member(
      consumer: consumer, shutdown: context.shutdown, health: context.health, metrics: context.metrics)
  }

  var isReady: Bool { main.health.isReady }
  var consumer: ObservabilityConsumer { main.consumer }
  var reasons: [String] { main.health.snapshot().reasons.map(\.code) }

  /// Runs the consumer beside `body` and shuts it down afterwards.
  func run<R: Sendable>(_ body: @Sendable () async throws -> R) async throws -> R {
    main.health.running()
    async let running: Void = main.consumer.run()
    let result: R
    do {
      result = try await body()
    } catch {
      main.shutdown.request()
      try await running
      throw error
    }
    main.shutdown.request()
    try await running
    return result
  }

  /// Runs the consumer until it ends without being asked to. Bounded by the suite's time limit.
  func runToItsEnd() async throws {
    main.health.running()
    try await main.consumer.run()
  }

  func send(_ values: [Bytes?]) async throws {
    let failures = await producer.publish(
      values.map { OutboundRecord(topic: Topics.agentActions, key: nil, value: $0) })
    #expect(failures.isEmpty)
    sent.add(values.count)
  }

  /// Records sent whose offsets are not stored: what a new member of the group would be given.
  var unstored: Int64 { sent.value - offsets.count }

  func read(_ reader: any EventReader, count: Int) async throws -> [ConsumedRecord] {
    var records: [ConsumedRecord] = []
    try await until {
      for case .records(let more) in await reader.poll(PollLimit(wait: .milliseconds(20))) { records += more }
      return records.count >= count
    }
    await reader.close()
    return records
  }

  /// The sum of all series whose name and labels begin like this.
  func metric(_ prefix: String) -> Int {
    let lines = main.metrics.prometheusText().split(separator: "\n")
    return lines.filter { $0.hasPrefix("onex_observability_\(prefix)") }
      .compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }.reduce(0, +)
  }

  struct NeverTrue: Error {}

  /// Looks until `condition` holds. The bound ends a test that would hang; it is no measure of speed.
  func until(_ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < deadline {
      if try await condition() { return }
      try await Task.sleep(for: .milliseconds(2))
    }
    throw NeverTrue()
  }
}

extension ConsumedRecord {
  func header(_ name: String) -> String { headers.first { $0.name == name }?.value?.text ?? "" }
}
