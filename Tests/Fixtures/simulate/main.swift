import Glibc
import OnexCore
import OnexSimulation

// `make simulate`: many seeds in an optimized build. Exit codes: 0 all held, 1 a seed failed, 64 usage.

let arguments = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
guard (1...2).contains(arguments.count), arguments.count == CommandLine.arguments.count - 1,
  arguments.count == 1 || arguments[0] <= arguments[1]
else {
  print("usage: simulate <seed> | simulate <first seed> <last seed>")
  exit(64)
}
let seeds = arguments[0]...(arguments.last ?? arguments[0])
let start = SystemClock().uptime()
// A single seed is followed step by step.
let isTold = seeds.count == 1
let results = try await SeedRun(seeds).run { Simulation(seed: $0, isTold: isTold).run() }
for failure in results.failures {
  print("seed \(failure.seed) failed:\n  \(failure.problems.joined(separator: "\n  "))")
}
let seconds = (SystemClock().uptime() - start).seconds
print(
  "seeds \(seeds.lowerBound) to \(seeds.upperBound): \(results.failures.count) failed; \(results.crashes) crashes, \(results.steps) steps, \(Int(seconds)) s"
)
exit(results.failures.isEmpty ? 0 : 1)
