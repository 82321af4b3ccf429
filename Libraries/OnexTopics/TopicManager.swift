import OnexCore
import OnexKafka
import OnexService

/// `topic-manager`: makes the topics that contracts declare and keeps an eye on them.
public struct TopicManager: Service {
  public static let name = "topic-manager"
  public static let summary = "Makes the topics that the contracts declare. Never changes or removes one that exists."
  public static let groups: [SettingGroup] = [.kafka]
  public static let once = ServiceFlag(
    "--once", help: "Make what is missing and end: 0 when every declared topic can be used.", isJob: true)
  public static let flags = [once]
  static let intervalSeconds = Setting.integer(
    "ONEX_TOPIC_CHECK_SECONDS", default: 30, range: 1...86400, help: "How often the cluster is compared with the contracts.")
  static let onceTimeoutSeconds = Setting.integer(
    "ONEX_TOPIC_ONCE_TIMEOUT_SECONDS", default: 60, range: 1...3600, help: "How long --once tries before it gives up with 69.")
  public static let settings: [any AnySetting] = [CommonSettings.contractsDirectory, intervalSeconds, onceTimeoutSeconds]
  public static let healthPort = CommonSettings.healthPort(default: 8088)

  private let context: ServiceContext
  private let reconciler: TopicReconciler

  public init(_ context: ServiceContext) throws {
    self.context = context
    let settings = KafkaSettings(context.configuration)
    let connection = KafkaConnection(
      bootstrapServers: settings.bootstrapServers, securityProtocol: settings.securityProtocol,
      saslMechanism: settings.saslMechanism, saslUsername: settings.saslUsername, saslPassword: settings.saslPassword,
      sslCALocation: settings.sslCALocation, clientID: context.name)
    reconciler = TopicReconciler(
      admin: try KafkaAdmin(connection, logger: context.logger),
      directory: context.configuration[CommonSettings.contractsDirectory],
      context: context)
  }

  public func bootstrap() async throws {
    context.health.starting("read declarations")
    let desired = DesiredTopics.load(context.configuration[CommonSettings.contractsDirectory])
    reconciler.report(desired.problems)
    // A job that would make half of what is meant fails loudly; the service keeps the rest alive and says what is wrong.
    if isJob, !desired.problems.isEmpty {
      throw ServiceFailure.configuration(desired.problems.map(\.description).joined(separator: "\n"))
    }
    guard !isJob else { return }
    // Not ready before the first look: what depends on the topics waits for this service.
    context.health.raise(
      TopicReconciler.pending, message: "the topics have not been compared with the contracts yet",
      runbook: TopicReconciler.runbook, blocksReadiness: true)
  }

  private var isJob: Bool { context.flags.contains(TopicManager.once.name) }

  public func run() async throws {
    if isJob { return try await runOnce() }
    let interval = Duration.seconds(context.configuration[TopicManager.intervalSeconds])
    var failures = 0
    while !context.shutdown.isRequested {
      failures = await reconciler.reconcile() ? 0 : failures + 1
      let backoff = RetryPolicy.outage.backoff(afterAttempt: max(failures, 1), random: .random(in: 0..<1))
      await sleep(failures == 0 ? interval : min(backoff ?? interval, interval))
    }
  }

  private func runOnce() async throws {
    let limit = context.clock.uptime() + .seconds(context.configuration[TopicManager.onceTimeoutSeconds])
    while !context.shutdown.isRequested {
      if await reconciler.reconcile() { return }
      guard context.clock.uptime() < limit else { break }
      await sleep(.milliseconds(500))
    }
    throw ServiceFailure.unavailable("not every declared topic can be used: \(reconciler.lastProblem ?? "the end was asked for")")
  }

  /// Ends early when shutdown is requested.
  private func sleep(_ duration: Duration) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { try? await context.clock.sleep(for: duration) }
      group.addTask { await context.shutdown.wait() }
      await group.next()
      group.cancelAll()
    }
  }
}
