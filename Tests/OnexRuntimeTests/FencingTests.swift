import OnexCore
import OnexInMemory
import OnexJSON
import OnexKernel
import OnexService
import Testing

@testable import OnexRuntime

@Suite(.timeLimit(.minutes(1))) struct FencingTests {
  /// Somebody else claims the lane although the group still calls it ours: nothing is committed under the old claim, and the lane is
  /// worked on from where it was left once it is claimed again.
  /// A lane that is full at that moment is paused; it goes on as well.
  @Test(arguments: [20_000, 4]) func aLaneThatWasClaimedElsewhereIsTakenAgainAndLosesNothing(_ recordsMax: Int) async throws {
    let clock = SystemClock()
    let context = ServiceContext(
      name: "test", configuration: try Configuration.load([], from: EnvironmentVariables([:])), health: HealthState(clock: clock),
      clock: clock)
    let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
    var options = RoleOptions(contractsDirectory: "/\(folder)/Contracts")
    options.pipeline.fencedRest = .milliseconds(20)
    options.pipeline.lane.recordsMax = recordsMax
    let (bus, store) = (InMemoryEventBus(), InMemoryStore())
    let role = HandlerRole(kind: .compute, input: "in", output: "out", group: "g", http: nil, handlers: Harness.handlers)
    let pipeline = try role.pipeline(bus, LoadedContracts.load(options, context), store, options, context)
    let reader = try await bus.reader(topics: ["out"], from: .beginning)
    let producer = try bus.producer()

    func request(_ id: CorrelationID, _ number: Int) -> OutboundRecord {
      let text = #"{"operation":"quick.echo","correlation_id":"\#(id)","payload":{"n":\#(number)}}"#
      return OutboundRecord(topic: "in", key: "one", value: Bytes(text))
    }

    func ask(_ number: Int) async throws -> JSONValue {
      let id = CorrelationID(RandomIDSource().next())
      // Neighbours that fill the lane before it.
      let before = (0..<50).map { request(CorrelationID(RandomIDSource().next()), $0) }
      #expect(await producer.publish(before + [request(id, number)]).isEmpty)
      let answer = try await ResponseWait(reader: reader, clock: clock).first(id, timeout: .seconds(30))
      return try JSONValue.parse(try #require(answer))
    }

    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await pipeline.run() }
      #expect(try await ask(1)["payload"]?["n"]?.integer == 1)
      _ = try await store.claim((0..<6).map { TopicPartition("in", $0) }, consumer: "g")
      #expect(try await ask(2)["payload"]?["n"]?.integer == 2)
      #expect(try await ask(3)["payload"]?["n"]?.integer == 3)
      context.shutdown.request()
      try await group.waitForAll()
    }
    #expect(context.metrics.prometheusText().contains(#"onex_lanes_fenced_total{group="g"} 1"#))
  }
}
