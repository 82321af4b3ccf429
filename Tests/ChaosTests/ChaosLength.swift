import OnexTestSupport
import ProcessTestSupport

/// How long the runs are: some seconds in `make test`, what `make chaos` says there.
struct ChaosLength: Sendable {
  /// Processes that are killed.
  var rounds: Int
  /// How long the load lasts, where the length is not a number of rounds.
  var seconds: Int
  var seed: UInt64

  /// - Parameters: what holds where the environment does not say it.
  static func fromEnvironment(rounds: Int = 6, seconds: Int = 5) throws -> ChaosLength {
    ChaosLength(
      rounds: try number("ONEX_CHAOS_ROUNDS") ?? rounds, seconds: try number("ONEX_CHAOS_SECONDS") ?? seconds,
      seed: try number("ONEX_CHAOS_SEED") ?? UInt64.random(in: 1...999_999_999))
  }

  /// All of them, or the one that the environment names.
  static func scenarios() throws -> [Scenario] {
    guard let name = TestEnvironment.optional("ONEX_CHAOS_SCENARIO"), !name.isEmpty else { return Scenario.allCases }
    guard let scenario = Scenario(rawValue: name) else {
      throw TestFailure("ONEX_CHAOS_SCENARIO is '\(name)': one of \(Scenario.allCases.map(\.rawValue)) is needed")
    }
    return [scenario]
  }

  private static func number<Number: FixedWidthInteger>(_ name: String) throws -> Number? {
    guard let text = TestEnvironment.optional(name), !text.isEmpty else { return nil }
    guard let value = Number(text), value > 0 else { throw TestFailure("\(name) is '\(text)': a whole number above 0 is needed") }
    return value
  }
}
