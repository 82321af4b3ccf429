import OnexCore
import OnexKafka

/// Makes a cluster what is desired: plans, does what the plan says, and looks until it can be seen.
///
/// What is planned is always computed from what the cluster says now, so that a run may be repeated, and two may run at once: what
/// the other one was faster with is no failure, and is not reported as done twice.
public struct TopicApply: Sendable {
  /// Between two looks at what was changed.
  static let lookInterval: Duration = .milliseconds(100)

  private let cluster: any TopicCluster
  private let clock: any RuntimeClock

  public init(_ cluster: any TopicCluster, clock: any RuntimeClock = SystemClock()) {
    self.cluster = cluster
    self.clock = clock
  }

  public struct Options: Sendable {
    /// Changes protected topics too.
    public var allowsProtected = false
    /// Applies nothing while the broker makes topics by itself.
    public var isStrict = false
    /// How long new partitions may take to have a leader.
    public var timeout: Duration = .seconds(30)

    public init() {}
  }

  /// - Throws: when the cluster cannot be looked at. What was changed before that is found by the next run.
  public func run(_ desired: [String: TopicDeclaration], _ options: Options) async throws(EventBusError) -> ApplyReport {
    let names = Set(desired.keys)
    let state = try await cluster.state(describing: names)
    let plan = TopicPlan(desired: desired, cluster: state, allowsProtected: options.allowsProtected)
    if options.isStrict, plan.implicitCreation == .enabled {
      return ApplyReport(done: [], failures: [], rest: plan, waiting: [], isRefusedByBroker: true)
    }
    let outcomes = await execute(plan.changes, desired)
    let done = outcomes.filter { $0.error == nil && !$0.isSomebodyElses }.map(\.change)
    let accepted = Set(outcomes.filter { $0.error == nil }.map(\.change.identity))
    let end = clock.uptime() + options.timeout
    var rest = plan
    var waiting = plan.leaderless
    // A cluster to which nothing was done was looked at already.
    while !waiting.isEmpty || !outcomes.isEmpty {
      rest = TopicPlan(
        desired: desired, cluster: try await cluster.state(describing: names), allowsProtected: options.allowsProtected)
      let unseen = rest.changes.filter { accepted.contains($0.identity) }.map(\.topic)
      waiting = Set(rest.leaderless + unseen).sorted()
      guard !waiting.isEmpty, clock.uptime() < end else { break }
      guard (try? await clock.sleep(for: TopicApply.lookInterval)) != nil else { break }
    }
    let open = Set(rest.changes.map(\.identity))
    let failures = outcomes.compactMap { outcome in
      outcome.error.flatMap { open.contains(outcome.change.identity) ? ApplyReport.Failure(outcome.change, $0) : nil }
    }
    return ApplyReport(done: done, failures: failures, rest: rest, waiting: waiting)
  }

  private struct Outcome {
    let change: TopicChange
    var error: EventBusError?
    var isSomebodyElses = false
  }

  /// Makes topics. One that is refused with settings that not every broker knows is tried again without them.
  private func create(
    _ topics: [TopicSpecification], _ desired: [String: TopicDeclaration]
  ) async -> [KafkaAdmin.Creation] {
    var results = await cluster.create(topics)
    var again: [(index: Int, topic: TopicSpecification)] = []
    for (index, topic) in topics.enumerated() where index < results.count {
      guard case .failed = results[index], let declared = desired[topic.name] else { continue }
      var plain = topic
      plain.configuration = declared.configuration
      if plain != topic { again.append((index, plain)) }
    }
    guard !again.isEmpty else { return results }
    for ((index, _), result) in zip(again, await cluster.create(again.map(\.topic))) { results[index] = result }
    return results
  }

  /// Topics first, then partitions, then settings; one request for each kind.
  private func execute(_ changes: [TopicChange], _ desired: [String: TopicDeclaration]) async -> [Outcome] {
    var outcomes: [Outcome] = []
    let creations = changes.compactMap { change in
      if case .create(let topic) = change { (change, topic) } else { nil }
    }
    for ((change, _), result) in zip(creations, await create(creations.map(\.1), desired)) {
      switch result {
      case .created: outcomes.append(Outcome(change: change))
      case .alreadyExists: outcomes.append(Outcome(change: change, isSomebodyElses: true))
      case .failed(let error): outcomes.append(Outcome(change: change, error: error))
      }
    }
    let growths = changes.compactMap { change in
      if case .grow(let topic, _, let count) = change {
        (change, (topic: topic, partitions: Int32(clamping: count)))
      } else {
        nil
      }
    }
    for ((change, _), error) in zip(growths, await cluster.grow(growths.map(\.1))) {
      outcomes.append(Outcome(change: change, error: error))
    }
    let settings = changes.compactMap { change in
      if case .configure(let topic, let settings) = change {
        (change, (topic: topic, settings: Dictionary(settings.map { ($0.name, $0.new) }) { first, _ in first }))
      } else {
        nil
      }
    }
    for ((change, _), error) in zip(settings, await cluster.alter(settings.map(\.1))) {
      outcomes.append(Outcome(change: change, error: error))
    }
    return outcomes
  }
}
