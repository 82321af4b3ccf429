import Glibc

/// The variables that several services share.
public enum CommonSettings {
  public static let logLevel = Setting.choice(
    "ONEX_LOG_LEVEL", of: ["DEBUG", "INFO", "WARNING", "ERROR"], default: "INFO",
    help: "The least important lines that are written.")
  public static let logFormat = Setting.choice(
    "ONEX_LOG_FORMAT", of: ["json", "text"], default: "json", help: "json: one object a line; text: for people.")
  public static let runbooks = Setting.text(
    "ONEX_RUNBOOKS_URL", default: "docs/operations", allowed: "an address or a path, without / at its end",
    help: "Where the runbooks are; the reasons of /health and /ready lead there.",
    check: { !$0.hasSuffix("/") && !$0.contains(" ") })
  public static let environment = Setting.text(
    "ONEX_ENVIRONMENT", default: "development", allowed: "lower-case letters, digits and hyphens, 1 to 32 characters",
    help: "The deployment this process belongs to; part of derived consumer group names.",
    check: { (1...32).contains($0.utf8.count) && $0.utf8.allSatisfy(isEnvironmentCharacter) })
  public static let drainTimeoutSeconds = Setting.integer(
    "ONEX_DRAIN_TIMEOUT_SECONDS", default: 30, range: 0...3600,
    help: "How long work in flight may take to finish after the first SIGTERM or SIGINT.")
  public static let version = Setting.text(
    "RUNTIME_VERSION", default: BuildVersion.current, allowed: "text without blanks, at most 64 characters",
    help: "The version that health, metrics and --version report.",
    check: { $0.utf8.count <= 64 && !$0.contains { $0.isWhitespace } })
  public static let bindHost = Setting.text(
    "RUNTIME_BIND_HOST", default: "127.0.0.1", allowed: "an address or a host name of this machine",
    help: "Where the health endpoint listens. Containers set 0.0.0.0.", check: isHostName)

  /// The port of the health endpoint. `ONEX_HEALTH_PORT` is about one process and therefore wins over `shared`, which a file
  /// for the whole stack may set.
  public static func healthPort(default port: Int, shared variable: String? = nil) -> Setting<Int> {
    let setting = Setting.port(
      "ONEX_HEALTH_PORT", default: port, help: "The port of /health, /ready and /metrics; 0 lets the system choose.")
    return variable.map { setting.fallback($0) } ?? setting
  }

  public static let eventBusType = Setting.choice(
    "ONEX_EVENT_BUS_TYPE", of: ["kafka", "inmemory"], default: "kafka",
    help: "inmemory: one process hosts every role, for development and tests.")
  public static let contractsDirectory = Setting.text(
    "ONEX_CONTRACTS_DIR", default: isDirectory("/app/contracts") ? "/app/contracts" : "./contracts", allowed: "a path",
    help: "Searched for handler_contract.yaml and contract.yaml.")
  public static let pluginsDirectory = Setting.optionalText(
    "ONEX_PLUGINS_DIR", allowed: "a path", help: "Searched for handler plug-ins (*.so); absent: none are loaded.")

  /// The three names below default to the service's own.
  public static func inputTopic(default topic: String) -> Setting<String> {
    .text(
      "ONEX_INPUT_TOPIC", default: topic, allowed: topicAllowed, help: "The topic that requests are read from.", check: isTopic)
  }

  public static func outputTopic(default topic: String) -> Setting<String> {
    .text(
      "ONEX_OUTPUT_TOPIC", default: topic, allowed: topicAllowed, help: "The topic that answers are written to.", check: isTopic)
  }

  public static func groupID(default group: String) -> Setting<String> {
    .text(
      "ONEX_GROUP_ID", default: group, allowed: "1 to 255 characters", help: "The consumer group.",
      check: { (1...255).contains($0.utf8.count) })
  }

  private static let topicAllowed = "a topic name: letters, digits, '.', '_' and '-', 1 to 249 characters"

  /// The names that a Kafka broker accepts.
  static func isTopic(_ text: String) -> Bool {
    (1...249).contains(text.utf8.count) && text != "." && text != ".."
      && text.utf8.allSatisfy {
        isAlphanumeric($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
      }
  }

  static func isHostName(_ text: String) -> Bool {
    (1...253).contains(text.utf8.count)
      && text.utf8.allSatisfy {
        isAlphanumeric($0)
          || [UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "%")].contains($0)
      }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
  }

  private static func isEnvironmentCharacter(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: "-")
  }

  private static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}
