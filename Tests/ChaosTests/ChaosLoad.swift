import OnexCore

/// What is sent while things go wrong.
protocol ChaosLoad: Sendable {
  /// Returns when it was stopped and the broker has everything.
  func run() async throws
  func stop()
}

extension ChaosLoad {
  /// Sends while faults happen, each so long after the one before was over as the seeded plan says: when is the plan's, not a wait for
  /// anything.
  ///
  /// - Parameter rest: after the last fault, so that something is under way once more when the load ends.
  func beside<Fault>(
    _ faults: [Fault], pause: KeyPath<Fault, Duration>, rest: Duration, inflict: (Fault) async throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await run() }
      defer { stop() }
      for fault in faults {
        try await SystemClock().sleep(for: fault[keyPath: pause])
        try await inflict(fault)
      }
      try await SystemClock().sleep(for: rest)
      stop()
      try await group.waitForAll()
    }
  }
}
