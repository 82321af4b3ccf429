import OnexCore

/// The tables as docs/reference/observability.md has them: written down once more, because this is what is tested.
enum ObservedTable: String, Sendable, CaseIterable {
  case agentActions = "agent_actions"
  case routingDecisions = "agent_routing_decisions"
  case transformationEvents = "agent_transformation_events"
  case performanceMetrics = "router_performance_metrics"
  case detectionFailures = "agent_detection_failures"
  case executionLogs = "agent_execution_logs"
  case statusEvents = "agent_status_events"

  var topic: String {
    switch self {
    case .agentActions: Topics.agentActions
    case .routingDecisions: Topics.agentRoutingDecisions
    case .transformationEvents: Topics.agentTransformationEvents
    case .performanceMetrics: Topics.routerPerformanceMetrics
    case .detectionFailures: Topics.agentDetectionFailures
    case .executionLogs: Topics.agentExecutionLogs
    case .statusEvents: Topics.agentStatus
    }
  }

  static func of(topic: String) -> ObservedTable? { allCases.first { $0.topic == topic } }

  /// The column that tells rows apart.
  var key: String {
    switch self {
    case .detectionFailures: "correlation_id"
    case .executionLogs: "execution_id"
    case .agentActions, .routingDecisions, .transformationEvents, .performanceMetrics, .statusEvents: "id"
    }
  }

  /// A field that every event has, of at most 255 characters.
  var limited: String? {
    switch self {
    case .agentActions, .executionLogs, .statusEvents: "agent_name"
    case .routingDecisions: "selected_agent"
    case .transformationEvents: "target_agent"
    case .performanceMetrics: "metric_name"
    case .detectionFailures: nil
    }
  }
}
