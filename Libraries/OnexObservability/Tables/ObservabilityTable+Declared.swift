import OnexCore

/// The tables as declared (docs/reference/observability.md). A test compares them with the migrations.
extension ObservabilityTable {
  public static let agentActions = ObservabilityTable(
    topic: Topics.agentActions, name: "agent_actions",
    columns: [
      .required("id", .uuid), .required("correlation_id", .uuid), .required("agent_name", .varchar(255)),
      .required("action_type", .varchar(50)), .required("action_name", .varchar(255)), .required("created_at", .timestamp),
      .optional("status", .varchar(50)), .optional("duration_ms", .integer), .optional("result", .text),
      .optional("error_message", .text), .optional("project_path", .text), .optional("project_name", .varchar(255)),
      .optional("working_directory", .text),
    ])

  public static let agentRoutingDecisions = ObservabilityTable(
    topic: Topics.agentRoutingDecisions, name: "agent_routing_decisions",
    columns: [
      .required("id", .uuid), .required("correlation_id", .uuid), .required("selected_agent", .varchar(255)),
      .required("confidence_score", .numeric(precision: 5, scale: 4, .fraction)), .required("created_at", .timestamp),
      .optional("request_type", .varchar(100)), .optional("alternatives", .json(.arrayOfStrings)),
      .optional("routing_reason", .text), .optional("domain", .varchar(255)),
    ])

  public static let agentTransformationEvents = ObservabilityTable(
    topic: Topics.agentTransformationEvents, name: "agent_transformation_events",
    columns: [
      .required("id", .uuid), .required("correlation_id", .uuid), .required("source_agent", .varchar(255)),
      .required("target_agent", .varchar(255)), .required("created_at", .timestamp), .optional("trigger", .text),
      .optional("context", .text),
    ])

  public static let routerPerformanceMetrics = ObservabilityTable(
    topic: Topics.routerPerformanceMetrics, name: "router_performance_metrics",
    columns: [
      .required("id", .uuid), .required("metric_name", .varchar(255)),
      .required("metric_value", .numeric(precision: 15, scale: 6, .digits(9, scale: 6))), .required("created_at", .timestamp),
      .optional("correlation_id", .uuid), .optional("unit", .varchar(50)), .optional("agent_name", .varchar(255)),
      .optional("labels", .json(.objectOfStrings)),
    ])

  public static let agentDetectionFailures = ObservabilityTable(
    topic: Topics.agentDetectionFailures, name: "agent_detection_failures", key: ["correlation_id"],
    columns: [
      .required("correlation_id", .uuid), .required("failure_reason", .text), .required("created_at", .timestamp),
      .optional("request_summary", .text), .optional("attempted_patterns", .json(.anything)),
      .optional("fallback_used", .varchar(255)), .optional("error_code", .varchar(100)),
    ])

  public static let agentExecutionLogs = ObservabilityTable(
    topic: Topics.agentExecutionLogs, name: "agent_execution_logs", key: ["execution_id"], timeColumn: "updated_at",
    rule: .farthest(rank: "agent_execution_rank", status: "status", time: "updated_at", oldest: "created_at"),
    columns: [
      .required("execution_id", .uuid), .required("correlation_id", .uuid), .required("agent_name", .varchar(255)),
      .required("status", .choice(["pending", "started", "running", "completed", "failed"])), .required("created_at", .timestamp),
      .required("updated_at", .timestamp), .optional("started_at", .timestamp), .optional("completed_at", .timestamp),
      .optional("duration_ms", .integer), .optional("exit_code", .integer), .optional("error_message", .text),
      .optional("input_summary", .text), .optional("output_summary", .text), .optional("terminal_id", .varchar(255)),
    ])

  public static let agentStatusEvents = ObservabilityTable(
    topic: Topics.agentStatus, name: "agent_status_events",
    columns: [
      Column(name: "id", kind: .uuid, source: .derivedID), .required("correlation_id", .uuid),
      .required("agent_name", .varchar(255)), .required("session_id", .varchar(255)), .required("state", .varchar(50)),
      .required("message", .text), .required("created_at", .timestamp),
      Column(name: "status_schema_version", kind: .integer, source: .defaulting(1)),
      .optional("progress", .numeric(precision: 3, scale: 2, .fraction)), .optional("current_phase", .varchar(255)),
      .optional("current_task", .text), .optional("blocking_reason", .text),
      Column(name: "received_at", kind: .timestamp, source: .received),
    ])
}
