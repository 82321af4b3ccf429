/// A setting whose type does not matter: what lists, checks and prints settings works on these.
public protocol AnySetting: Sendable {
  /// The environment variable.
  var name: String { get }
  /// Variables read, in this order, when `name` is absent.
  var fallbacks: [String] { get }
  /// One sentence.
  var help: String { get }
  /// What a value may be, as a noun phrase: "a whole number from 1 to 10".
  var allowed: String { get }
  /// Its value is never shown.
  var isSecret: Bool { get }
  /// `nil` when there is none.
  var defaultText: String? { get }

  func resolve(in environment: EnvironmentVariables) -> ResolvedSetting
}

/// What became of a setting.
public struct ResolvedSetting: Sendable {
  public enum Source: Sendable, Equatable {
    /// The variable that it was read from: the setting's own name or one of its fallbacks.
    case environment(String)
    case `default`
    /// Optional, and nobody set it.
    case unset
  }

  public let name: String
  public let isSecret: Bool
  public let source: Source
  /// The effective value as text, masked when secret; `nil` when unset.
  public let shown: String?
  public let problem: ConfigurationProblem?
  /// `StoredValue<Value>`. Where there is a problem it is the default, for the checks of other settings; `nil` without one.
  let stored: (any Sendable)?

  /// The variable to name when this value causes trouble later.
  public var variable: String {
    if case .environment(let variable) = source { variable } else { name }
  }
}

/// Keeps an optional value distinguishable from no value through type erasure.
struct StoredValue<Value: Sendable>: Sendable {
  let value: Value
}
