import OnexCore
import OnexPostgres
import Testing

@testable import OnexObservability

@Suite struct InsertGateTests {
  private let refused = PostgresError(.statement, "disk full", sqlState: "53100")

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

  @Test func aDatabaseThatCannotBeReachedBacksOffWithoutOpeningTheCircuit() {
    let gate = InsertGate(CircuitBreakerPolicy(failureThreshold: 2))
    let delays = (0..<8).map { _ in
      _ = gate.delay(at: .zero)
      return gate.failed(PostgresError(.unreachable, "refused"), at: .zero, random: 0).delay
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
  @Test func idleIsHealthy() {
    var staleness = Staleness(pollMax: .seconds(60), writeMax: .seconds(300), startedAt: .zero)
    let verdict = staleness.judge(at: .seconds(100_000), lastPoll: .seconds(100_000), lastSettled: .zero, lag: 0)
    #expect(verdict == Staleness.Verdict(isPollStale: false, isWriteStale: false))
  }

  @Test func recordsThatWaitWithoutAWriteAreStale() {
    var staleness = Staleness(pollMax: .seconds(60), writeMax: .seconds(300), startedAt: .zero)
    _ = staleness.judge(at: .seconds(1000), lastPoll: .seconds(1000), lastSettled: .zero, lag: 0)
    let fresh = staleness.judge(at: .seconds(1300), lastPoll: .seconds(1300), lastSettled: .zero, lag: 5)
    #expect(!fresh.isWriteStale, "lag began only now")
    let stale = staleness.judge(at: .seconds(1301), lastPoll: .seconds(1301), lastSettled: .zero, lag: 5)
    #expect(stale.isWriteStale)
    let written = staleness.judge(at: .seconds(1302), lastPoll: .seconds(1302), lastSettled: .seconds(1302), lag: 5)
    #expect(!written.isWriteStale)
  }

  @Test func aPollThatDoesNotComeIsStale() {
    var staleness = Staleness(pollMax: .seconds(60), writeMax: .seconds(300), startedAt: .zero)
    let verdict = staleness.judge(at: .seconds(61), lastPoll: .zero, lastSettled: .zero, lag: 0)
    #expect(verdict.isPollStale)
  }
}
