import OnexCore

/// What a participant reads and writes because of its code, with the names it takes when nothing is configured. A test holds this
/// against the services' own settings.
struct ServiceTopics: Sendable {
  let participant: TopicParticipant
  let reads: [String]
  let writes: [String]

  /// In the order that a request passes them.
  static let services = [
    service(
      runtimeMain, group: "onex-runtime-main", reads: [Topics.requests, Topics.effectResponses, Topics.workerResponses],
      writes: [Topics.responses, Topics.effectRequests, Topics.workerRequests]),
    service(
      runtimeEffects, group: "onex-runtime-effects", reads: [Topics.effectRequests], writes: [Topics.effectResponses]),
    service(
      runtimeWorker, group: "onex-runtime-workers", reads: [Topics.workerRequests], writes: [Topics.workerResponses]),
    service(agentActionsConsumer, group: "agent-observability-postgres", reads: Topics.observability, writes: []),
    service(TopicManager.name, group: nil, reads: [], writes: [Topics.topicChanged]),
  ]

  static let outside = [
    ServiceTopics(
      participant: TopicParticipant(name: "clients", role: .outside), reads: [Topics.responses], writes: [Topics.requests]),
    ServiceTopics(participant: TopicParticipant(name: "agents", role: .outside), reads: [], writes: Topics.observability),
  ]

  static let agentActionsConsumer = "agent-actions-consumer"
  private static let runtimeMain = "runtime-main"
  private static let runtimeEffects = "runtime-effects"
  private static let runtimeWorker = "runtime-worker"

  /// Where handlers of this kind run.
  static func host(of kind: HandlerKind) -> String {
    switch kind {
    case .effect: runtimeEffects
    case .compute: runtimeWorker
    case .reducer, .orchestrator: runtimeMain
    }
  }

  private static func service(_ name: String, group: String?, reads: [String], writes: [String]) -> ServiceTopics {
    ServiceTopics(participant: TopicParticipant(name: name, role: .service(group: group)), reads: reads, writes: writes)
  }
}
