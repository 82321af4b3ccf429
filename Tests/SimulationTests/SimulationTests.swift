import OnexCore
import OnexSimulation
import Testing

/// The real pipelines, workflow engine and timers, in a world in which everything fails. A seed that fails is printed; run it alone with
/// `make simulate SEED=<seed>`. These few are for the debugger and its checks; `make test` runs 10,000 before these, in an optimized build.
@Suite(.timeLimit(.minutes(15))) struct SimulationTests {
  private static let seeds: ClosedRange<UInt64> = 1...100

  @Test func nothingIsLostAndNothingAppliedTwice() async throws {
    let seeds = SimulationTests.seeds
    let results = try await SeedRun(seeds).run { Simulation(seed: $0).run() }
    print("simulated seeds \(seeds): \(results.crashes) crashes, \(results.steps) steps")
    for failure in results.failures.prefix(10) {
      Issue.record("seed \(failure.seed): \(failure.problems.joined(separator: "\n  "))")
    }
    #expect(results.failures.isEmpty, "\(results.failures.count) of \(seeds.count) seeds failed")
  }

  @Test(arguments: [1, 7, 42, 4711] as [UInt64])
  func aSeedRepeatsExactly(_ seed: UInt64) {
    let (first, second) = (Simulation(seed: seed).run(), Simulation(seed: seed).run())
    #expect(first.trace == second.trace && first.steps == second.steps && first.crashes == second.crashes)
  }

  /// The check itself is checked: a store that says it has committed and has not must be found out.
  @Test func aStoreThatForgetsIsFoundOut() async throws {
    let results = try await SeedRun(1...300, stopsAtFailure: true).run { seed in
      var simulation = Simulation(seed: seed)
      simulation.wrap = { ForgetfulStore($0, forgets: .commits(oneIn: 40, seed: seed)) }
      return simulation.run()
    }
    #expect(!results.failures.isEmpty)
  }

  /// So must one that publishes under a claim that it has lost.
  @Test func aStoreThatFencesNobodyIsFoundOut() async throws {
    let results = try await SeedRun(1...1500, stopsAtFailure: true).run { seed in
      var simulation = Simulation(seed: seed)
      simulation.wrap = { ForgetfulStore($0, forgets: .inbox) }
      return simulation.run()
    }
    #expect(!results.failures.isEmpty)
  }
}
