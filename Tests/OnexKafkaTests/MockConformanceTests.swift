import OnexTestSupport
import Testing

/// Side by side, each on a cluster of its own: librdkafka's cluster holds a group's first members for three seconds.
@Suite(.timeLimit(.minutes(5))) struct MockConformanceTests {
  private static let atOnceMax = 6

  /// librdkafka's cluster cannot delete records; `BrokerConformanceTests` runs these checks against a broker.
  private static let needsDeletion: [EventBusConformance.Check] = [
    .skippedRecords, .skippedWhilePaused, .nothingSkippedByANewGroup,
  ]

  @Test func keepsEveryPromise() async {
    let checks = EventBusConformance.Check.allCases.filter { !MockConformanceTests.needsDeletion.contains($0) }
    await MockConformanceTests.run(checks, roundTripMS: 0)
  }

  /// Everything takes longer when the broker is far away; nothing else changes.
  @Test func keepsThePromisesAtADistance() async {
    await MockConformanceTests.run(
      [.orderWithinAPartition, .revocationHandshake, .pauseAndResume, .seekBack, .leavingHandsOver], roundTripMS: 40)
  }

  private static func run(_ checks: [EventBusConformance.Check], roundTripMS: Int32) async {
    await withTaskGroup(of: Void.self) { group in
      for (index, check) in checks.enumerated() {
        if index >= atOnceMax { await group.next() }
        group.addTask {
          do {
            let cluster = try MockCluster()
            if roundTripMS > 0 { cluster.setRoundTrip(milliseconds: roundTripMS) }
            let conformance = EventBusConformance(
              cluster.bus(), deleteRecords: { _, _ in throw MockCluster.Unavailable() },
              makeTopic: { cluster.makeTopic($0) })
            try await conformance.run(check)
          } catch {
            Issue.record(error, "\(check), \(roundTripMS) ms away")
          }
        }
      }
    }
  }
}
