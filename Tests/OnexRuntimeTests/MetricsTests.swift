import OnexCore
import OnexTestSupport
import Testing

/// What an operator's graphs and alerts are made of.
@Suite(.timeLimit(.minutes(1))) struct MetricsTests {
  /// The value of the only sample of `name` that has all `labels`.
  private func sample(_ harness: Harness, _ name: String, _ labels: [String]) throws -> Int {
    let lines = harness.context.metrics.prometheusText().split(separator: "\n").filter { line in
      line.hasPrefix(name + "{") && labels.allSatisfy { line.contains($0) }
    }
    let values = lines.compactMap { Int($0.split(separator: " ").last ?? "") }
    return values.reduce(0, +)
  }

  @Test func whatIsBeingWorkedOnCountsAsLagUntilItIsSettled() async throws {
    try await Harness.simulate { harness, clock in
      let lag = { try sample(harness, "onex_lag_records", [#"topic="worker-requests""#]) }
      async let answer = harness.ask("sleeping.long")
      try await clock.sleep(for: .seconds(5))
      #expect(try lag() == 1)
      _ = try await answer
      try await clock.sleep(for: .seconds(5))
      #expect(try lag() == 0)
    }
  }

  @Test func recordsThatCannotBeProcessedAreCounted() async throws {
    try await Harness.simulate { harness, clock in
      let id = CorrelationID(RandomIDSource().next())
      _ = try await harness.send(Bytes(#"{"correlation_id":"\#(id)","payload":{}}"#), id)
      try await clock.sleep(for: .seconds(1))
      #expect(try sample(harness, "onex_dead_letters_total", []) == 1)
    }
  }
}
