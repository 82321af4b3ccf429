/// A typed configuration variable.
///
/// An empty variable counts as absent, because that is what `${NAME:-}` in a compose file makes of an absent one; a setting
/// for which empty means something says so with `allowsEmpty`.
public struct Setting<Value: Sendable>: AnySetting {
  public let name: String
  public private(set) var fallbacks: [String] = []
  public let help: String
  public let allowed: String
  public let isSecret: Bool
  public let allowsEmpty: Bool

  private let defaultValue: Value?
  private let show: @Sendable (Value) -> String?
  private let parse: @Sendable (String) -> Value?

  /// - Parameters:
  ///   - default: `nil` makes the variable required.
  ///   - show: the value as it would be written in the environment; `nil` for a value that means "unset".
  ///   - parse: `nil` when the text is none of what `allowed` describes.
  public init(
    _ name: String, default defaultValue: Value?, secret: Bool = false, allowsEmpty: Bool = false, allowed: String,
    help: String, show: @escaping @Sendable (Value) -> String?, parse: @escaping @Sendable (String) -> Value?
  ) {
    self.name = name
    self.defaultValue = defaultValue
    self.isSecret = secret
    self.allowsEmpty = allowsEmpty
    self.allowed = allowed
    self.help = help
    self.show = show
    self.parse = parse
  }

  public var defaultText: String? { defaultValue.flatMap(show) }

  /// The same setting, also read from `variable` when its own and earlier fallbacks are absent.
  public func fallback(_ variable: String) -> Setting {
    var copy = self
    copy.fallbacks.append(variable)
    return copy
  }

  public func resolve(in environment: EnvironmentVariables) -> ResolvedSetting {
    for variable in [name] + fallbacks {
      guard let text = environment[variable], allowsEmpty || !text.isEmpty else { continue }
      return resolve(text, from: variable)
    }
    guard let value = defaultValue else {
      return resolved(.unset, nil, problem: ConfigurationProblem(variable: name, allowed: "\(allowed); required"))
    }
    let shown = show(value)
    return resolved(shown == nil ? .unset : .default, shown, stored: StoredValue(value: value))
  }

  private var storedDefault: StoredValue<Value>? { defaultValue.map { StoredValue(value: $0) } }

  private func resolve(_ text: String, from variable: String) -> ResolvedSetting {
    let shown = isSecret ? ConfigurationProblem.masked : text
    if Placeholder.isIn(text) {
      let problem = ConfigurationProblem(variable: variable, value: shown, allowed: "\(allowed), \(Placeholder.advice)")
      return resolved(.environment(variable), shown, problem: problem, stored: storedDefault)
    }
    guard let value = parse(text) else {
      let problem = ConfigurationProblem(variable: variable, value: shown, allowed: allowed)
      return resolved(.environment(variable), shown, problem: problem, stored: storedDefault)
    }
    return resolved(.environment(variable), isSecret ? shown : show(value) ?? shown, stored: StoredValue(value: value))
  }

  private func resolved(
    _ source: ResolvedSetting.Source, _ shown: String?, problem: ConfigurationProblem? = nil,
    stored: StoredValue<Value>? = nil
  ) -> ResolvedSetting {
    let visible = isSecret && shown != nil ? ConfigurationProblem.masked : shown
    return ResolvedSetting(
      name: name, isSecret: isSecret, source: source, shown: visible, problem: problem, stored: stored)
  }
}
