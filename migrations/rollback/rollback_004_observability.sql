-- Deletes what agents reported to the six tables of this migration. agent_actions keeps its rows and partitions; the version before
-- works with them. Stop agent-actions-consumer first.
DROP VIEW IF EXISTS agent_activity_realtime, agent_activity;
DROP FUNCTION IF EXISTS observability_maintain, agent_execution_rank;
DROP TABLE IF EXISTS agent_routing_decisions, agent_transformation_events, router_performance_metrics, agent_detection_failures,
  agent_execution_logs, agent_status_events;
DELETE FROM onex_migrations WHERE number = 4;
