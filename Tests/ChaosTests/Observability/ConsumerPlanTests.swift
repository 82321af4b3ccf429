import Testing

@Suite struct ConsumerPlanTests {
  private let long = ChaosLength(rounds: 100, seconds: 300, seed: 7)

  @Test(arguments: ConsumerPlan.Scenario.allCases) func aSeedGivesThePlanAgainAndAnotherSeedAnother(
    _ scenario: ConsumerPlan.Scenario
  ) {
    var other = long
    other.seed = 8
    #expect(ConsumerPlan(scenario, long) == ConsumerPlan(scenario, long))
    #expect(ConsumerPlan(scenario, long) != ConsumerPlan(scenario, other))
  }

  @Test func asManyAreKilledAsAskedFor() {
    let faults = ConsumerPlan(.kills, long).faults
    #expect(faults.count == 100)
    #expect(faults.allSatisfy { if case .kill = $0.kind { true } else { false } })
  }

  @Test func theDatabaseStopsInBothWays() {
    let modes = ConsumerPlan(.databaseRestarts, long).faults.compactMap { fault in
      if case .stopDatabase(let mode, _) = fault.kind { mode } else { nil }
    }
    #expect(Set(modes).count == 2)
  }

  @Test func membersComeGoStandStillAndLoseTheirSession() {
    let faults = ConsumerPlan(.rebalances, long).faults
    let kinds = faults.map { fault in
      switch fault.kind {
      case .freeze(_, let isReplaced): isReplaced ? "replaced" : "frozen"
      case .join: "join"
      case .leave: "leave"
      case .loseSessions: "lost"
      case .kill, .stopDatabase: "another scenario's"
      }
    }
    #expect(Set(kinds) == ["replaced", "frozen", "join", "leave", "lost"])
    #expect(kinds.prefix(2) == ["join", "join"])
  }
}
