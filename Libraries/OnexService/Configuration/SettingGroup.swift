/// Settings that belong together, with the rules between them.
public struct SettingGroup: Sendable {
  public let title: String
  public let settings: [any AnySetting]
  /// Whether this process uses the group at all. What is not used is not checked and has its defaults.
  public let isUsed: @Sendable (EnvironmentVariables) -> Bool
  /// Rules between the settings of this group; called when each of them alone is fine. It reads no others.
  public let check: @Sendable (Configuration) -> [ConfigurationProblem]

  public init(
    title: String, settings: [any AnySetting], isUsed: @escaping @Sendable (EnvironmentVariables) -> Bool = { _ in true },
    check: @escaping @Sendable (Configuration) -> [ConfigurationProblem] = { _ in [] }
  ) {
    self.title = title
    self.settings = settings
    self.isUsed = isUsed
    self.check = check
  }
}
