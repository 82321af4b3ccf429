import Testing

@Suite struct ChaosPlanTests {
  @Test(arguments: Scenario.allCases) func aSeedGivesThePlanAgainAndAnotherSeedAnother(_ scenario: Scenario) {
    let length = ChaosLength(rounds: 20, seconds: 200, seed: 7)
    let other = ChaosLength(rounds: 20, seconds: 200, seed: 8)
    let plan = ChaosPlan(scenario, length)
    #expect(plan == ChaosPlan(scenario, length))
    #expect(plan != ChaosPlan(scenario, other))
    #expect(!plan.faults.isEmpty)
  }

  @Test func asManyAreKilledAsAskedForAndEverybodyInTime() {
    let plan = ChaosPlan(.kills, ChaosLength(rounds: 100, seconds: 1, seed: 3))
    let victims = plan.faults.compactMap { fault in if case .kill(let member, _) = fault.kind { member } else { nil } }
    #expect(victims.count == 100 && Set(victims).count == ChaosPlan.Member.allCases.count)
  }

  @Test func theDatabaseStopsEvery5To40SecondsInBothWays() {
    let plan = ChaosPlan(.databaseRestarts, ChaosLength(rounds: 1, seconds: 1200, seed: 3))
    #expect(plan.faults.allSatisfy { $0.pause >= .seconds(5) && $0.pause <= .seconds(40) })
    let modes = plan.faults.compactMap { fault in if case .stopDatabase(let mode, _) = fault.kind { mode } else { nil } }
    #expect(Set(modes).count == 2)
  }

  @Test func whoStandsStillDoesSoForLongerThanASession() {
    let plan = ChaosPlan(.zombies, ChaosLength(rounds: 1, seconds: 300, seed: 3))
    #expect(plan.faults.allSatisfy { $0.kind.time > .seconds(6) })
  }
}
