import OnexCore
import OnexPostgres
import Testing

@testable import OnexObservability

@Suite struct InsertGateTests {
  private let refused = PostgresError(.statement, "permission denied", sqlState: "42501")

  @Test func theCircuitOpensAfterTheThresholdAndProbesAfterItsTime() {
    let gate = InsertGate(CircuitBreakerPolicy(failureThreshold: 2, resetTimeout: .seconds(60)))
    for _ in 0..<2 {
      #expect(gate.delay(at: .zero) == nil)
      _ = gate.failed(refused, at: .zero, random: 0)
    }
    #expect(gate.isOpen)
    #expect(gate.delay(at: .seconds(10)) == .seconds(50))
    #expect(gate.delay(at: .seconds(60)) == nil)
    gate.succeeded()
    #expect(!gate.isOpen)
  }

  @Test(arguments: [
    PostgresError(.unreachable, "refused"), PostgresError(.connectionLost, "gone"),
    PostgresError(.statement, "disk full", sqlState: "53100"), PostgresError(.statement, "read only", sqlState: "25006"),
  ])
  func aDatabaseThatIsAwayBacksOffWithoutOpeningTheCircuit(_ outage: PostgresError) {
    let gate = InsertGate(CircuitBreakerPolicy(failureThreshold: 2))
    let delays = (0..<8).map { _ in
      _ = gate.delay(at: .zero)
      return gate.failed(outage, at: .zero, random: 0).delay
    }
    #expect(!gate.isOpen)
    let expected = [100, 200, 400, 800, 1600, 2000, 2000, 2000]
    #expect(delays == expected.map { .milliseconds($0) })
  }

  @Test func conflictsAreReportedOnlyWhenTheyRepeat() {
    let gate = InsertGate(CircuitBreakerPolicy(failureThreshold: 10))
    let deadlock = PostgresError(.statement, "", sqlState: SQLState.deadlockDetected)
    let reported = (0..<3).map { _ in gate.failed(deadlock, at: .zero, random: 0).isReported }
    #expect(reported == [false, false, true])
    #expect(gate.failed(refused, at: .zero, random: 0).isReported)
  }
}

@Suite struct RevocationsTests {
  private let partition = TopicPartition("t", 0)

  @Test func partitionsAreGivenUpWhenTheyAreDrained() {
    var revocations = Revocations()
    revocations.add([partition], at: .zero)
    let early = revocations.due(at: .seconds(1), isHopeless: false) { _ in false }
    #expect(early.isEmpty && !revocations.isEmpty)
    let due = revocations.due(at: .seconds(1), isHopeless: false) { _ in true }
    #expect(due == [[partition]] && revocations.isEmpty)
  }

  @Test func nobodyWaitsForADatabaseThatIsAwayNorForEver() {
    var revocations = Revocations()
    revocations.add([partition], at: .zero)
    let hopeless = revocations.due(at: .zero, isHopeless: true) { _ in false }
    #expect(hopeless == [[partition]])
    revocations.add([partition], at: .zero)
    let late = revocations.due(at: Revocations.waitMax, isHopeless: false) { _ in false }
    #expect(late == [[partition]])
  }
}

@Suite struct StalenessTests {
  private let first = TopicPartition("t", 0)
  private let second = TopicPartition("t", 1)
  private var staleness = Staleness(pollMax: .seconds(60), writeMax: .seconds(300))

  private mutating func stale(
    at seconds: Int, settled: [TopicPartition: Duration] = [:], _ lag: [TopicPartition: Int64]
  ) -> [TopicPartition] {
    staleness.judge(at: .seconds(seconds), lastPoll: .seconds(seconds), settled: settled, lag: lag).stalePartitions
  }

  @Test mutating func idleIsHealthy() {
    let verdict = staleness.judge(at: .seconds(100_000), lastPoll: .seconds(100_000), settled: [:], lag: [first: 0])
    #expect(verdict == Staleness.Verdict(isPollStale: false, stalePartitions: []))
  }

  @Test mutating func recordsThatWaitWithoutAWriteAreStale() {
    #expect(stale(at: 1000, [first: 0]) == [])
    #expect(stale(at: 1300, [first: 5]) == [], "lag began only now")
    #expect(stale(at: 1301, [first: 5]) == [first])
    #expect(stale(at: 1302, settled: [first: .seconds(1302)], [first: 5]) == [])
  }

  @Test mutating func onePartitionThatIsStuckShowsWhileTheOthersMove() {
    for seconds in stride(from: 0, through: 301, by: 1) {
      let found = stale(at: seconds, settled: [first: .seconds(seconds)], [first: 5, second: 1])
      #expect(found == (seconds > 300 ? [second] : []))
    }
    #expect(stale(at: 302, [first: 5]) == [], "a partition that was given up is nobody's trouble here")
  }

  @Test mutating func aPollThatDoesNotComeIsStale() {
    #expect(staleness.judge(at: .seconds(61), lastPoll: .zero, settled: [:], lag: [:]).isPollStale)
  }
}
