/// Every declared setting with its effective value; exists only when all of them are valid.
public struct Configuration: Sendable {
  /// In the order of declaration.
  public let entries: [ResolvedSetting]
  private let byName: [String: Int]

  /// Resolves `groups` and the rules between their settings, and reports everything that is wrong at once.
  ///
  /// A placeholder (`__REPLACE_WITH_…__`) is refused in any variable of the environment, also one that nothing here reads: a
  /// template that was not filled in is a mistake wherever it shows.
  ///
  /// - Parameter validate: rules over settings of several groups. Called unless a required setting is missing; a setting that
  ///   is itself in trouble shows its default meanwhile.
  public static func load(
    _ groups: [SettingGroup], from environment: EnvironmentVariables,
    validate: (Configuration) -> [ConfigurationProblem] = { _ in [] }
  ) throws(InvalidConfiguration) -> Configuration {
    let used = groups.filter { $0.isUsed(environment) }
    let configuration = Configuration(entries: resolve(groups, in: environment))
    var problems = configuration.entries.compactMap(\.problem)
    let broken = Set(configuration.entries.filter { $0.problem != nil }.map(\.name))
    for group in used where broken.isDisjoint(with: group.settings.map(\.name)) {
      problems += group.check(configuration)
    }
    if configuration.entries.allSatisfy({ $0.stored != nil }) { problems += validate(configuration) }
    problems += unreadPlaceholders(in: environment, besides: Set(problems.map(\.variable)))
    guard problems.isEmpty else { throw InvalidConfiguration(problems) }
    return configuration
  }

  private static func resolve(_ groups: [SettingGroup], in environment: EnvironmentVariables) -> [ResolvedSetting] {
    let nothing = EnvironmentVariables([:])
    var entries: [ResolvedSetting] = []
    var declared: Set<String> = []
    for group in groups {
      let source = group.isUsed(environment) ? environment : nothing
      for setting in group.settings where declared.insert(setting.name).inserted {
        entries.append(setting.resolve(in: source))
      }
    }
    return entries
  }

  /// Masked whatever they are: nothing says whether a variable that nobody declared is a secret.
  private static func unreadPlaceholders(in environment: EnvironmentVariables, besides reported: Set<String>)
    -> [ConfigurationProblem]
  {
    environment.names.filter { !reported.contains($0) && Placeholder.isIn(environment[$0] ?? "") }.map {
      ConfigurationProblem(variable: $0, value: ConfigurationProblem.masked, allowed: "a value \(Placeholder.advice)")
    }
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
