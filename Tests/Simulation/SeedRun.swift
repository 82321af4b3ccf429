import OnexTestSupport
import Synchronization

/// Many seeds on as many threads as there are cores.
package struct SeedRun: Sendable {
  private static let threads = 2

  private let seeds: ClosedRange<UInt64>

  /// No further seed is begun once one has failed.
  private let stopsAtFailure: Bool

  package init(_ seeds: ClosedRange<UInt64>, stopsAtFailure: Bool = false) {
    self.seeds = seeds
    self.stopsAtFailure = stopsAtFailure
  }

  package struct Results: Sendable {
    package var failures: [(seed: UInt64, problems: [String])] = []
    package var crashes = 0
    package var steps = 0
  }

  package func run(_ simulate: @escaping @Sendable (UInt64) -> Simulation.Outcome) async throws -> Results {
    let (seeds, stopsAtFailure) = (seeds, stopsAtFailure)
    return try await withThrowingTaskGroup(of: Results.self) { group in
      let counter = Counter(next: seeds.lowerBound)
      for _ in 0..<SeedRun.threads {
        group.addTask {
          try await OwnThread.run {
            var results = Results()
            while let seed = counter.take(through: seeds.upperBound) {
              let outcome = simulate(seed)
              results.crashes += outcome.crashes
              results.steps += outcome.steps
              guard !outcome.problems.isEmpty else { continue }
              results.failures.append((seed, outcome.problems))
              if stopsAtFailure { counter.stop() }
            }
            return results
          }
        }
      }
      var all = Results()
      for try await part in group {
        all.failures += part.failures
        all.crashes += part.crashes
        all.steps += part.steps
      }
      all.failures.sort { $0.seed < $1.seed }
      return all
    }
  }

  private final class Counter: Sendable {
    private let state: Mutex<UInt64>
    init(next: UInt64) { state = Mutex(next) }

    func stop() { state.withLock { $0 = .max } }

    func take(through last: UInt64) -> UInt64? {
      state.withLock { next in
        guard next <= last else { return nil }
        defer { next += 1 }
        return next
      }
    }
  }
}
