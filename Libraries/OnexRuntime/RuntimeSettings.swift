import OnexCore
import OnexJSON
import OnexKernel
import OnexService

/// Settings of every role that takes requests.
enum RuntimeSettings {
  static let payloadBytesMax = Setting.integer(
    "ONEX_PAYLOAD_BYTES_MAX", default: 1 << 20, range: 1024...(8 << 20),
    help: "A request with a larger payload is answered PAYLOAD_TOO_LARGE.")
  static let outputBytesMax = Setting.integer(
    "ONEX_OUTPUT_BYTES_MAX", default: (1 << 20) + (64 << 10), range: 1024...(8 << 20),
    help: "A larger response is replaced by OUTPUT_TOO_LARGE. Keep it below the topics' max.message.bytes.")
  static let handlerThreads = Setting.integer(
    "ONEX_HANDLER_THREADS", default: 4, range: 1...256, help: "Threads that handlers run on.")
  static let laneConcurrencyMax = Setting.integer(
    "ONEX_LANE_CONCURRENCY_MAX", default: 32, range: 1...1024,
    help: "Handlers of one partition that run at once, each for another key.")
  static let trustedNamespaces = Setting.list(
    "ONEX_TRUSTED_NAMESPACES", default: [], allowed: "module names, separated by commas",
    help: "When set, only handler classes of these modules are loaded.")

  static let allowedHosts = Setting.list(
    "ONEX_ALLOWED_HOSTS", default: [], allowed: "hosts as in allowed_hosts of a contract, separated by commas",
    help: "What ${ONEX_ALLOWED_HOSTS} in allowed_hosts stands for. This machine's own addresses need a port.")
  static let dataDirectory = Setting.optionalText(
    "ONEX_DATA_DIR", allowed: "an absolute folder",
    help: "What ${ONEX_DATA_DIR} in allowed_paths stands for. Made at the start when it is missing.")

  static let all: [any AnySetting] = [
    CommonSettings.contractsDirectory, CommonSettings.pluginsDirectory, payloadBytesMax, outputBytesMax, handlerThreads,
    laneConcurrencyMax, CommonSettings.groupInstance, trustedNamespaces, allowedHosts, dataDirectory,
  ]
}

extension SettingGroup {
  /// The database of a role that remembers. A bus in memory does without.
  static let runtimeDatabase = SettingGroup(
    title: SettingGroup.postgres.title, settings: SettingGroup.postgres.settings, isUsed: SettingGroup.kafka.isUsed,
    check: SettingGroup.postgres.check)
}

/// What a role needs to know of the configuration; embedded mode makes one without any.
public struct RoleOptions: Sendable {
  public var contractsDirectory: String
  public var pluginsDirectory: String?
  public var trustedNamespaces: [String] = []
  /// Of `runtime-main`; empty: reply addresses are not signed.
  public var replySigningKeys: [String] = []
  /// For contracts whose `allowed_hosts` refer to the setting.
  public var allowedHosts: [String] = []
  /// For contracts whose `allowed_paths` refer to the setting.
  public var dataDirectory: String?
  /// The broker's, part of the identity of a request without `envelope_id`; empty where it has none.
  public var clusterID = ""
  public var envelope = EnvelopeDecoder.Limits()
  public var outputBytesMax = (1 << 20) + (64 << 10)
  public var handlerThreads = 4
  /// Where handlers run instead of on threads of their own; for simulations.
  public var handlerExecutor: (any TaskExecutor)?
  /// Of the process's one consumer.
  public var groupInstance: String?
  public var pipeline = PipelineLimits()

  public init(contractsDirectory: String) { self.contractsDirectory = contractsDirectory }

  func makeHandlerThreads(count: Int) -> HandlerThreads {
    handlerExecutor.map { HandlerThreads(on: $0) } ?? HandlerThreads(count: count)
  }

  init(_ configuration: Configuration) {
    contractsDirectory = configuration[CommonSettings.contractsDirectory]
    pluginsDirectory = configuration[CommonSettings.pluginsDirectory]
    trustedNamespaces = configuration[RuntimeSettings.trustedNamespaces]
    allowedHosts = configuration[RuntimeSettings.allowedHosts]
    dataDirectory = configuration[RuntimeSettings.dataDirectory]
    envelope.payloadBytesMax = configuration[RuntimeSettings.payloadBytesMax]
    outputBytesMax = configuration[RuntimeSettings.outputBytesMax]
    groupInstance = configuration[CommonSettings.groupInstance]
    handlerThreads = configuration[RuntimeSettings.handlerThreads]
    pipeline.lane.concurrencyMax = configuration[RuntimeSettings.laneConcurrencyMax]
  }
}
