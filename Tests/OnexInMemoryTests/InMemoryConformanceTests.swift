import OnexCore
import OnexInMemory
import OnexTestSupport
import Synchronization
import Testing

@Suite struct InMemoryConformanceTests {
  @Test(arguments: EventBusConformance.Check.allCases)
  func keepsThePromise(_ check: EventBusConformance.Check) async throws {
    let bus = InMemoryEventBus()
    let conformance = EventBusConformance(
      bus, deleteRecords: { partition, offset in bus.deleteRecords(partition, before: offset) },
      makeTopic: { partitions in
        bus.createTopic("topic", partitions: partitions)
        return "topic"
      })
    try await conformance.run(check)
  }
}
