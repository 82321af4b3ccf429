/// Every declared setting with its effective value; exists only when all of them are valid.
public struct Configuration: Sendable {
  /// In the order of declaration.
  public let entries: [ResolvedSetting]
  private let byName: [String: Int]

  /// Resolves `groups` and the rules between their settings.
  ///
  /// A placeholder (`__REPLACE_WITH_…__`) is refused in any variable of the environment, also one that nothing here reads: a
  /// template that was not filled in is a mistake wherever it shows.
  public static func load(_ groups: [SettingGroup], from environment: EnvironmentVariables) throws(InvalidConfiguration)
    -> Configuration
  {
    let nothing = EnvironmentVariables([:])
    var entries: [ResolvedSetting] = []
    var problems: [ConfigurationProblem] = []
    var declared: Set<String> = []
    for group in groups {
      let isUsed = group.isUsed(environment)
      for setting in group.settings where declared.insert(setting.name).inserted {
        let entry = setting.resolve(in: isUsed ? environment : nothing)
        entries.append(entry)
        if isUsed, let problem = entry.problem { problems.append(problem) }
      }
    }
    let reported = Set(problems.map(\.variable))
    for name in environment.names where !reported.contains(name) && Placeholder.isIn(environment[name] ?? "") {
      problems.append(
        ConfigurationProblem(variable: name, value: ConfigurationProblem.masked, allowed: "a value \(Placeholder.advice)"))
    }
    let configuration = Configuration(entries: entries)
    if problems.isEmpty {
      problems = groups.filter { $0.isUsed(environment) }.flatMap { $0.check(configuration) }
    }
    guard problems.isEmpty else { throw InvalidConfiguration(problems) }
    return configuration
  }

  private init(entries: [ResolvedSetting]) {
    self.entries = entries
    self.byName = Dictionary(entries.enumerated().map { ($1.name, $0) }) { first, _ in first }
  }

  /// The effective value. `setting` must be one of those that were loaded.
  public subscript<Value>(_ setting: Setting<Value>) -> Value {
    guard let stored = entry(setting.name)?.stored as? StoredValue<Value> else {
      preconditionFailure("\(setting.name) is not among the settings that this service declares")
    }
    return stored.value
  }

  /// How a setting came to its value.
  public func entry(_ name: String) -> ResolvedSetting? { byName[name].map { entries[$0] } }
}
