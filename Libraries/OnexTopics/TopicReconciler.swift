import OnexCore
import OnexKafka
import OnexService
import Synchronization

/// Compares cluster and contracts, makes what is missing, and tells health what is still wrong.
final class TopicReconciler: Sendable {
  static let pending = "TOPICS_PENDING"
  static let runbook = "docs/runbooks/topic-manager.md"
  private static let unreachable = "BROKER_UNREACHABLE"
  private static let drifted = "TOPICS_DRIFTED"
  private static let declarations = "DECLARATIONS_INVALID"

  private let admin: KafkaAdmin
  private let directory: String
  private let context: ServiceContext
  private let problem = Mutex<String?>(nil)
  /// Those that were reported last, so that each is logged once.
  private let lastProblems = Mutex<[ContractProblem]>([])
  private let created: Counter
  private let failed: Counter
  private let desiredCount: Gauge
  private let missingCount: Gauge
  private let driftCount: Gauge

  init(admin: KafkaAdmin, directory: String, context: ServiceContext) {
    self.admin = admin
    self.directory = directory
    self.context = context
    created = context.metrics.counter("onex_topics_created_total", help: "Topics made.")
    failed = context.metrics.counter("onex_topics_failed_total", help: "Topics that could not be made.")
    desiredCount = context.metrics.gauge("onex_topics_desired", help: "Topics that the contracts declare.")
    missingCount = context.metrics.gauge("onex_topics_missing", help: "Declared topics that cannot be used.")
    driftCount = context.metrics.gauge("onex_topics_drifted", help: "Differences that are not changed here.")
  }

  /// Why the last comparison did not end well.
  var lastProblem: String? { problem.withLock { $0 } }

  func report(_ problems: [ContractProblem]) {
    lastProblems.withLock { $0 = problems }
    guard !problems.isEmpty else { return context.health.clear(TopicReconciler.declarations) }
    for problem in problems { context.logger.error("declaration refused", ["problem": .string(problem.description)]) }
    context.health.raise(
      TopicReconciler.declarations, message: problems.map(\.description).joined(separator: "; "),
      runbook: TopicReconciler.runbook,
      blocksReadiness: false)
  }

  /// - Returns: whether every declared topic can be used.
  func reconcile() async -> Bool {
    let declared = DesiredTopics.load(directory)
    let desired = declared.topics
    if declared.problems != lastProblems.withLock({ $0 }) {
      report(declared.problems)
    }
    desiredCount.set(desired.count)
    // What was wrong last time is not what is wrong now.
    problem.withLock { $0 = nil }
    do throws(EventBusError) {
      var plan = TopicPlan(desired: desired, cluster: try await admin.topics())
      if !plan.create.isEmpty {
        await create(plan.create)
        plan = TopicPlan(desired: desired, cluster: try await admin.topics())
      }
      context.health.clear(TopicReconciler.unreachable)
      context.health.check("kafka", state: .up)
      show(plan)
      return plan.isSettled
    } catch {
      problem.withLock { $0 = error.description }
      context.health.check("kafka", state: .down, error: error.description)
      context.health.raise(
        TopicReconciler.unreachable, message: error.description, runbook: "docs/runbooks/broker-unreachable.md",
        blocksReadiness: true)
      return false
    }
  }

  private func create(_ topics: [KafkaAdmin.TopicSpecification]) async {
    for (topic, result) in zip(topics, await admin.create(topics)) {
      switch result {
      case .created:
        created.add()
        context.logger.info("topic made", ["topic": .string(topic.name), "partitions": .integer(topic.partitions)])
      case .alreadyExists:
        break  // Somebody else was faster: what counts is that it is there.
      case .failed(let error):
        failed.add()
        problem.withLock { $0 = "\(topic.name): \(error)" }
        context.logger.error("topic not made", ["topic": .string(topic.name), "error": .string(error.description)])
      }
    }
  }

  private func show(_ plan: TopicPlan) {
    missingCount.set(plan.create.count + plan.leaderless.count)
    driftCount.set(plan.drift.count)
    if plan.isSettled {
      problem.withLock { $0 = nil }
      context.health.clear(TopicReconciler.pending)
    } else {
      let names = (plan.create.map(\.name) + plan.leaderless).joined(separator: ", ")
      let cause = lastProblem.map { " (\($0))" } ?? ""
      problem.withLock { $0 = $0 ?? "missing or without a leader: \(names)" }
      context.health.raise(
        TopicReconciler.pending, message: "missing or without a leader: \(names)\(cause)", runbook: TopicReconciler.runbook,
        blocksReadiness: true)
    }
    guard !plan.drift.isEmpty else { return context.health.clear(TopicReconciler.drifted) }
    let message = plan.drift.map { "\($0.topic) \($0.message)" }.joined(separator: "; ")
    context.health.raise(TopicReconciler.drifted, message: message, runbook: TopicReconciler.runbook, blocksReadiness: false)
  }
}
