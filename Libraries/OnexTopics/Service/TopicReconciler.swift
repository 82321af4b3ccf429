import OnexCore
import OnexKafka
import OnexService
import Synchronization

/// Makes the cluster what is declared, as far as that is safe, and tells health, metrics and the platform what became of it.
final class TopicReconciler: Sendable {
  static let pending = "TOPICS_PENDING"
  private static let unreachable = "BROKER_UNREACHABLE"
  private static let drifted = "TOPICS_DRIFTED"
  private static let declarations = "DECLARATIONS_INVALID"
  private static let implicitCreation = "BROKER_CREATES_TOPICS"

  /// What became of one look.
  enum End: Sendable, Equatable {
    case matches
    /// Every declared topic can be used; what differs is refused, and looking again soon changes nothing.
    case differs(String)
    /// Worth another look soon.
    case unfinished(String)
  }

  private let cluster: any TopicCluster
  private let events: TopicChangeEvents
  private let context: ServiceContext
  private let options: TopicApply.Options
  private let metrics: TopicMetrics
  /// Those that were reported last, so that each is logged once.
  private let lastProblems = Mutex<[ContractProblem]>([])
  private let lastCreation = Mutex<ClusterState.ImplicitCreation?>(nil)

  init(_ cluster: any TopicCluster, events: TopicChangeEvents, isStrict: Bool, context: ServiceContext) {
    self.cluster = cluster
    self.events = events
    self.context = context
    var options = TopicApply.Options()
    options.isStrict = isStrict
    // The next look goes on waiting.
    options.timeout = .seconds(5)
    self.options = options
    metrics = TopicMetrics(context.metrics)
  }

  func report(_ problems: [ContractProblem]) {
    guard problems != lastProblems.withLock({ $0 }) else { return }
    lastProblems.withLock { $0 = problems }
    guard !problems.isEmpty else { return context.health.clear(TopicReconciler.declarations) }
    for problem in problems { context.logger.error("declaration refused", ["problem": .string(problem.description)]) }
    context.health.raise(
      TopicReconciler.declarations, message: problems.map(\.description).joined(separator: "; "),
      blocksReadiness: false)
  }

  func reconcile(_ desired: DesiredTopics) async -> End {
    report(desired.problems)
    metrics.desired.set(desired.topics.count)
    metrics.runs.add()
    // A topic that is made too small, or kept too short, is worse than one that waits.
    guard desired.overlayProblems.isEmpty else { return .differs("the environment's overlay is not valid: nothing is changed") }
    do throws(EventBusError) {
      let report = try await TopicApply(cluster, clock: context.clock).run(desired.topics, options)
      context.health.clear(TopicReconciler.unreachable)
      context.health.check("kafka", state: .up)
      log(report)
      metrics.count(report, at: context.clock.now())
      context.health.detail("topics", TopicHealthDetail.of(report, desired, at: context.clock.now()))
      if let lost = await events.publish(report, desired) {
        metrics.eventsLost.add(report.done.count)
        context.logger.warning("events about changed topics were not written", ["error": .string(lost.description)])
      }
      return show(report)
    } catch {
      context.health.check("kafka", state: .down, error: error.description)
      context.health.raise(TopicReconciler.unreachable, message: error.description, blocksReadiness: true)
      return .unfinished(error.description)
    }
  }

  private func log(_ report: ApplyReport) {
    for change in report.done {
      context.logger.info(
        "topic changed",
        [
          "topic": .string(change.topic), "change": .string(TopicChangeEvents.name(change.kind)), "what": .string(change.summary),
        ])
    }
    for failure in report.failures {
      context.logger.error(
        "topic not changed",
        [
          "topic": .string(failure.change.topic), "what": .string(failure.change.summary),
          "error": .string(failure.error.description),
        ])
    }
    let creation = report.rest.implicitCreation
    guard creation != lastCreation.withLock({ $0 }) else { return }
    lastCreation.withLock { $0 = creation }
    if let warning = PlanText.warning(creation) {
      context.logger.warning("auto.create.topics.enable", ["warning": .string(warning)])
    }
  }

  private func show(_ report: ApplyReport) -> End {
    showCreation(report)
    let drift = TopicReconciler.drift(report.rest)
    if let drift {
      context.health.raise(TopicReconciler.drifted, message: drift, blocksReadiness: false)
    } else {
      context.health.clear(TopicReconciler.drifted)
    }
    let unusable = TopicReconciler.unusable(report)
    guard unusable.isEmpty else {
      let causes = report.failures.map { "\($0.change.topic): \($0.error)" }.joined(separator: "; ")
      let message = "missing or without a leader: \(unusable.joined(separator: ", "))" + (causes.isEmpty ? "" : " (\(causes))")
      context.health.raise(TopicReconciler.pending, message: message, blocksReadiness: true)
      return report.isFinal ? .differs(message) : .unfinished(message)
    }
    context.health.clear(TopicReconciler.pending)
    if report.matches { return .matches }
    if report.isFinal { return .differs(drift ?? "refused by --strict") }
    return .unfinished(drift ?? "waiting for \(report.waiting.joined(separator: ", "))")
  }

  private func showCreation(_ report: ApplyReport) {
    guard report.isRefusedByBroker else { return context.health.clear(TopicReconciler.implicitCreation) }
    context.health.raise(
      TopicReconciler.implicitCreation,
      message: "the broker makes topics by itself (auto.create.topics.enable=true) and --strict refuses that: nothing is applied",
      blocksReadiness: true)
  }

  /// Declared topics that nobody can use yet.
  private static func unusable(_ report: ApplyReport) -> [String] {
    Set(report.rest.missing + report.rest.leaderless).sorted()
  }

  /// What differs of topics that can be used; `nil` when nothing does.
  private static func drift(_ plan: TopicPlan) -> String? {
    let refused = plan.refusals.map { "\($0.topic) \($0.message)" }
    let open = plan.changes.filter { $0.kind != .create }.map { "\($0.topic) \($0.summary)" }
    let unreadable = plan.unreadable.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
    let all = refused + open + unreadable
    return all.isEmpty ? nil : all.joined(separator: "; ")
  }
}
