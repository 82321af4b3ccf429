/// The names of the topics that the runtime itself reads and writes (WIRE "Topics").
public enum Topics {
  public static let requests = "requests"
  public static let responses = "responses"
  public static let effectRequests = "effect-requests"
  public static let effectResponses = "effect-responses"
  public static let workerRequests = "worker-requests"
  public static let workerResponses = "worker-responses"

  public static let agentActions = "agent-actions"
  public static let agentRoutingDecisions = "agent-routing-decisions"
  public static let agentTransformationEvents = "agent-transformation-events"
  public static let routerPerformanceMetrics = "router-performance-metrics"
  public static let agentDetectionFailures = "agent-detection-failures"
  public static let agentExecutionLogs = "agent-execution-logs"
  public static let agentStatus = "onex.evt.agent.status.v1"
  /// What agents report.
  public static let observability = [
    agentActions, agentRoutingDecisions, agentTransformationEvents, routerPerformanceMetrics, agentDetectionFailures,
    agentExecutionLogs, agentStatus,
  ]

  /// What topic-manager has changed, keyed by the topic.
  public static let topicChanged = "onex.evt.platform.topic-changed.v1"

  private static let deadLetterSuffix = ".dlq"

  public static func deadLetters(of topic: String) -> String { topic + deadLetterSuffix }

  public static func isDeadLetters(_ topic: String) -> Bool { topic.hasSuffix(deadLetterSuffix) }
}
