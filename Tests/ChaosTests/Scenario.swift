/// What goes wrong in a run.
enum Scenario: String, Sendable, CaseIterable {
  /// A random service is killed and comes back.
  case kills
  /// The database stops, as a crash or as an operator would have it, and comes back.
  case databaseRestarts
  /// The broker stops and comes back.
  case brokerRestarts
  /// A service stands still for longer than its session and wakes up again.
  case zombies
  /// Workers join and leave.
  case workerStorm
}
