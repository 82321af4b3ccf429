/// What a service is to the chassis. The chassis reads its configuration, opens its health endpoint, calls `bootstrap` and then
/// `run`, asks it to drain on a signal, and turns its end into an exit code.
public protocol Service: Sendable {
  /// As on the command line: "runtime-worker".
  static var name: String { get }

  /// One sentence for `--help`.
  static var summary: String { get }

  /// Shared groups that this service uses.
  static var groups: [SettingGroup] { get }

  /// Its own settings, beyond the groups and the chassis' own.
  static var settings: [any AnySetting] { get }

  /// Where the health endpoint listens.
  static var healthPort: Setting<Int> { get }
  static var healthHost: Setting<String> { get }

  /// Its own arguments, beyond the chassis' own.
  static var flags: [ServiceFlag] { get }
  /// Whether the process does one thing and ends: nobody asks it for health, and it opens no port.
  static func isJob(_ configuration: Configuration, flags: Set<String>) -> Bool

  /// Rules over several settings. A setting that is itself in trouble shows its default here.
  static func validate(_ configuration: Configuration) -> [ConfigurationProblem]

  /// Puts the parts together. Nothing slow and nothing that can be away belongs here.
  init(_ context: ServiceContext) throws

  /// Named steps before `/ready`: `context.health.starting("step")` before each. A dependency that is away is waited for here,
  /// with a reason raised on `context.health`. Cancelled when the process is asked to end meanwhile.
  func bootstrap() async throws

  /// Works until `context.shutdown` is requested and everything in flight is finished. A job returns when it is done.
  func run() async throws
}

extension Service {
  public static var summary: String { "" }
  public static var groups: [SettingGroup] { [.kafka] }
  public static var settings: [any AnySetting] { [] }
  public static var healthPort: Setting<Int> { CommonSettings.healthPort(default: 8085) }
  public static var healthHost: Setting<String> { CommonSettings.bindHost }
  public static var flags: [ServiceFlag] { [] }
  public static func isJob(_ configuration: Configuration, flags: Set<String>) -> Bool { isJob(flags) }
  /// Whether one of its flags asks for a job.
  public static func isJob(_ given: Set<String>) -> Bool { flags.contains { $0.isJob && given.contains($0.name) } }
  public static func validate(_ configuration: Configuration) -> [ConfigurationProblem] { [] }
}

extension Service {
  /// Everything the chassis loads for this service.
  static var allGroups: [SettingGroup] {
    let chassis: [any AnySetting] = [
      CommonSettings.logLevel, CommonSettings.logFormat, CommonSettings.runbooks, CommonSettings.environment,
      CommonSettings.eventBusType,
      CommonSettings.drainTimeoutSeconds, CommonSettings.version, healthHost, healthPort,
    ]
    return [SettingGroup(title: "Service", settings: chassis)] + groups
      + [SettingGroup(title: name, settings: settings)]
  }
}
