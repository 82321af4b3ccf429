import OnexCore

/// A table and what decides about writing into it. A table that refuses everything stops nothing but itself.
struct WriteTarget: Sendable {
  let table: ObservabilityTable
  let gate: InsertGate

  init(_ table: ObservabilityTable, _ breaker: CircuitBreakerPolicy) {
    self.table = table
    gate = InsertGate(breaker)
  }
}
