import OnexTestSupport
import Synchronization

/// Many seeds on as many threads as there are cores.
struct SeedRun: Sendable {
  private static let threads = 2

  private let seeds: ClosedRange<UInt64>

  init(_ seeds: ClosedRange<UInt64>) { self.seeds = seeds }

  struct Results: Sendable {
    var failures: [(seed: UInt64, problems: [String])] = []
    var crashes = 0
    var steps = 0
  }

  func run(_ simulate: @escaping @Sendable (UInt64) -> Simulation.Outcome) async throws -> Results {
    let seeds = seeds
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
              if !outcome.problems.isEmpty { results.failures.append((seed, outcome.problems)) }
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

    func take(through last: UInt64) -> UInt64? {
      state.withLock { next in
        guard next <= last else { return nil }
        defer { next += 1 }
        return next
      }
    }
  }
}
