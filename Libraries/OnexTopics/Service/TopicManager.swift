import OnexCore
import OnexKafka
import OnexService
import OnexThreads

/// `topic-manager` as a service: makes the cluster what the contracts declare, and keeps it so.
public struct TopicManager: Service {
  public static let name = "topic-manager"
  public static let summary = """
    Keeps the topics that the contracts declare. Removes none, and changes protected ones never.
    One look at a time: topic-manager plan, apply, describe; see topic-manager help.
    """
  public static let groups: [SettingGroup] = [.kafka]
  public static let once = ServiceFlag(
    "--once", help: "Make the cluster what is declared and end: 0 when it is, 69 when it cannot be, 78 when it is refused.",
    isJob: true)
  public static let strict = ServiceFlag("--strict", help: "Apply nothing while the broker makes topics by itself.")
  public static let flags = [once, strict]
  static let intervalSeconds = Setting.integer(
    "ONEX_TOPIC_CHECK_SECONDS", default: 30, range: 1...86400, help: "How often the cluster is compared with the contracts.")
  static let contractsSeconds = Setting.integer(
    "ONEX_TOPIC_CONTRACTS_SECONDS", default: 3, range: 1...3600,
    help: "How often the contracts are read; a change is acted on at once.")
  static let onceTimeoutSeconds = Setting.integer(
    "ONEX_TOPIC_ONCE_TIMEOUT_SECONDS", default: 60, range: 1...3600, help: "How long --once tries before it gives up with 69.")
  public static let settings: [any AnySetting] = [
    CommonSettings.contractsDirectory, intervalSeconds, contractsSeconds, onceTimeoutSeconds,
  ]
  public static let healthPort = CommonSettings.healthPort(default: 8088)

  private let context: ServiceContext
  private let reconciler: TopicReconciler

  public init(_ context: ServiceContext) throws {
    self.context = context
    let connection = KafkaConnection(KafkaSettings(context.configuration))
    // A job that has less time than a request may take gives up in its own time.
    let limit = context.flags.contains(TopicManager.once.name) ? context.configuration[TopicManager.onceTimeoutSeconds] : nil
    let timeout = limit.map { min(.seconds($0), TopicCommandContext.requestTimeout) }
    reconciler = TopicReconciler(
      try KafkaAdmin(connection, timeout: timeout, logger: context.logger),
      events: TopicChangeEvents(KafkaEventBus(connection, logger: context.logger), clock: context.clock, ids: context.ids),
      isStrict: context.flags.contains(TopicManager.strict.name), context: context)
  }

  public func bootstrap() async throws {
    context.health.starting("read declarations")
    let desired = await load()
    reconciler.report(desired.problems)
    // A job that would make half of what is meant fails loudly; the service keeps the rest alive and says what is wrong.
    if isJob, !desired.problems.isEmpty {
      throw ServiceFailure.configuration(desired.problems.map(\.description).joined(separator: "\n"))
    }
    guard !isJob else { return }
    // Not ready before the first look: what depends on the topics waits for this service.
    context.health.raise(
      TopicReconciler.pending, message: "the topics have not been compared with the contracts yet",
      blocksReadiness: true)
  }

  private var isJob: Bool { context.flags.contains(TopicManager.once.name) }

  public func run() async throws {
    if isJob { return try await runOnce() }
    let interval = Duration.seconds(context.configuration[TopicManager.intervalSeconds])
    var failures = 0
    while !context.shutdown.isRequested {
      let desired = await load()
      if case .unfinished = await reconciler.reconcile(desired) { failures += 1 } else { failures = 0 }
      let backoff = RetryPolicy.outage.backoff(afterAttempt: max(failures, 1), random: .random(in: 0..<1))
      // Several of these beside one cluster do not ask it at the same moments for ever.
      let rest = interval * .random(in: 0.9..<1.1)
      await wait(failures == 0 ? rest : min(backoff ?? rest, rest), unlessChanged: desired)
    }
  }

  private func runOnce() async throws {
    let limit = context.clock.uptime() + .seconds(context.configuration[TopicManager.onceTimeoutSeconds])
    let desired = await load()
    var last = "the end was asked for"
    while !context.shutdown.isRequested {
      switch await reconciler.reconcile(desired) {
      case .matches: return
      case .differs(let reason): throw ServiceFailure.configuration("the cluster is not what is declared: \(reason)")
      case .unfinished(let reason): last = reason
      }
      guard context.clock.uptime() < limit else { break }
      await context.rest(.milliseconds(500))
    }
    throw ServiceFailure.unavailable("not every declared topic can be used: \(last)")
  }

  /// Until the time is over, the contracts say something else than `desired`, or the end is asked for.
  private func wait(_ duration: Duration, unlessChanged desired: DesiredTopics) async {
    let step = Duration.seconds(context.configuration[TopicManager.contractsSeconds])
    let end = context.clock.uptime() + duration
    while !context.shutdown.isRequested {
      let left = end - context.clock.uptime()
      guard left > .zero else { return }
      await context.rest(min(step, left))
      if left > step, await load() != desired { return context.logger.info("the contracts have changed") }
    }
  }

  /// Reading files blocks, and is done on a thread of its own.
  private func load() async -> DesiredTopics {
    let directory = context.configuration[CommonSettings.contractsDirectory]
    let environment = context.configuration[CommonSettings.environment]
    return await withCheckedContinuation { continuation in
      let isStarted = SystemThread.start(stackBytes: TopicManager.readerStackBytes) {
        continuation.resume(returning: DesiredTopics.load(directory, environment: environment))
      }
      precondition(isStarted, "the thread that reads the contracts cannot be made")
    }
  }

  /// As deep as a contract may be nested.
  private static let readerStackBytes = 8 << 20
}
