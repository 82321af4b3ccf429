import OnexTestSupport
import Testing

@Suite struct MockConformanceTests {
  @Test(arguments: EventBusConformance.Check.allCases)
  func keepsThePromise(_ check: EventBusConformance.Check) async throws {
    let cluster = try MockCluster()
    try await EventBusConformance(cluster.bus()) { cluster.makeTopic($0) }.run(check)
  }

  /// Everything takes longer when the broker is far away; nothing else changes.
  @Test(arguments: [
    EventBusConformance.Check.orderWithinAPartition, .revocationHandshake, .pauseAndResume, .seekBack, .leavingHandsOver,
  ])
  func keepsThePromiseAtADistance(_ check: EventBusConformance.Check) async throws {
    let cluster = try MockCluster()
    cluster.setRoundTrip(milliseconds: 40)
    try await EventBusConformance(cluster.bus()) { cluster.makeTopic($0) }.run(check)
  }
}
