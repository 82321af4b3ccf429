-- onex: no transaction
-- What agents report on seven topics, one table each (docs/reference/observability.md).
--
-- The file is many short transactions, so that no lock is held while something is read through; each step can be run again.
-- A table that is partitioned by time has its time in the key. An event keeps its created_at when it is sent again, so (id, created_at)
-- makes a repeat harmless just as id alone would.

CREATE TABLE IF NOT EXISTS agent_routing_decisions (
  id uuid NOT NULL,
  correlation_id uuid NOT NULL,
  selected_agent varchar(255) NOT NULL,
  confidence_score numeric(5, 4) NOT NULL CHECK (confidence_score BETWEEN 0 AND 1),
  created_at timestamptz NOT NULL,
  request_type varchar(100),
  alternatives jsonb,
  routing_reason text,
  domain varchar(255),
  metadata jsonb NOT NULL DEFAULT '{}'::jsonb,
  PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);

CREATE TABLE IF NOT EXISTS agent_transformation_events (
  id uuid NOT NULL,
  correlation_id uuid NOT NULL,
  source_agent varchar(255) NOT NULL,
  target_agent varchar(255) NOT NULL,
  created_at timestamptz NOT NULL,
  trigger text,
  context text,
  metadata jsonb NOT NULL DEFAULT '{}'::jsonb,
  PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);

CREATE TABLE IF NOT EXISTS router_performance_metrics (
  id uuid NOT NULL,
  metric_name varchar(255) NOT NULL,
  metric_value numeric(15, 6) NOT NULL,
  created_at timestamptz NOT NULL,
  correlation_id uuid,
  unit varchar(50),
  agent_name varchar(255),
  labels jsonb,
  metadata jsonb NOT NULL DEFAULT '{}'::jsonb,
  PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);

CREATE TABLE IF NOT EXISTS agent_status_events (
  id uuid NOT NULL,
  correlation_id uuid NOT NULL,
  agent_name varchar(255) NOT NULL,
  session_id varchar(255) NOT NULL,
  state varchar(50) NOT NULL,
  message text NOT NULL,
  created_at timestamptz NOT NULL,
  status_schema_version integer NOT NULL DEFAULT 1,
  progress numeric(3, 2) CHECK (progress BETWEEN 0 AND 1),
  current_phase varchar(255),
  current_task text,
  blocking_reason text,
  received_at timestamptz NOT NULL DEFAULT now(),
  metadata jsonb NOT NULL DEFAULT '{}'::jsonb,
  PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);

CREATE TABLE IF NOT EXISTS agent_routing_decisions_default PARTITION OF agent_routing_decisions DEFAULT;
CREATE TABLE IF NOT EXISTS agent_transformation_events_default PARTITION OF agent_transformation_events DEFAULT;
CREATE TABLE IF NOT EXISTS router_performance_metrics_default PARTITION OF router_performance_metrics DEFAULT;
CREATE TABLE IF NOT EXISTS agent_status_events_default PARTITION OF agent_status_events DEFAULT;

-- These two are keyed by one id alone, so no time can be in the key: old rows are deleted in small batches.
CREATE TABLE IF NOT EXISTS agent_detection_failures (
  correlation_id uuid PRIMARY KEY,
  failure_reason text NOT NULL,
  created_at timestamptz NOT NULL,
  request_summary text,
  attempted_patterns jsonb,
  fallback_used varchar(255),
  error_code varchar(100),
  metadata jsonb NOT NULL DEFAULT '{}'::jsonb
);

CREATE TABLE IF NOT EXISTS agent_execution_logs (
  execution_id uuid PRIMARY KEY,
  correlation_id uuid NOT NULL,
  agent_name varchar(255) NOT NULL,
  status varchar(50) NOT NULL CHECK (status IN ('pending', 'started', 'running', 'completed', 'failed')),
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  started_at timestamptz,
  completed_at timestamptz,
  duration_ms integer,
  exit_code integer,
  error_message text,
  input_summary text,
  output_summary text,
  terminal_id varchar(255),
  metadata jsonb NOT NULL DEFAULT '{}'::jsonb
);

-- How far an execution is. A status never goes back; completed and failed are as far as each other.
CREATE OR REPLACE FUNCTION agent_execution_rank(p_status text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE p_status WHEN 'pending' THEN 0 WHEN 'started' THEN 1 WHEN 'running' THEN 2 ELSE 3 END
$$;

CREATE INDEX IF NOT EXISTS agent_routing_decisions_created_at_idx ON agent_routing_decisions (created_at);
CREATE INDEX IF NOT EXISTS agent_routing_decisions_correlation_id_idx ON agent_routing_decisions (correlation_id);
CREATE INDEX IF NOT EXISTS agent_transformation_events_created_at_idx ON agent_transformation_events (created_at);
CREATE INDEX IF NOT EXISTS agent_transformation_events_correlation_id_idx ON agent_transformation_events (correlation_id);
CREATE INDEX IF NOT EXISTS router_performance_metrics_created_at_idx ON router_performance_metrics (created_at);
CREATE INDEX IF NOT EXISTS router_performance_metrics_correlation_id_idx ON router_performance_metrics (correlation_id);
CREATE INDEX IF NOT EXISTS agent_status_events_created_at_idx ON agent_status_events (created_at);
CREATE INDEX IF NOT EXISTS agent_status_events_correlation_id_idx ON agent_status_events (correlation_id);
CREATE INDEX IF NOT EXISTS agent_status_events_session_idx ON agent_status_events (agent_name, session_id, created_at);
CREATE INDEX IF NOT EXISTS agent_status_events_state_idx ON agent_status_events (state);
-- agent_detection_failures has its correlation_id as the key.
CREATE INDEX IF NOT EXISTS agent_detection_failures_created_at_idx ON agent_detection_failures (created_at);
CREATE INDEX IF NOT EXISTS agent_execution_logs_updated_at_idx ON agent_execution_logs (updated_at);
CREATE INDEX IF NOT EXISTS agent_execution_logs_correlation_id_idx ON agent_execution_logs (correlation_id);

-- Migration 1 put every row of agent_actions into one default partition. Partitions of single days cannot be made beside rows of those
-- days, so what is there becomes a range partition of its own, "before", that goes as a whole when its time has come:
--
-- 1. A constraint says that new rows of the default partition lie before the day after tomorrow. Not checked yet: a moment's lock.
--    Rows that lie behind it already (clocks that are wrong) wait aside.
BEGIN;
SET LOCAL lock_timeout = '10s';
DO $$
DECLARE
  cut timestamptz := (date_trunc('day', now() AT TIME ZONE 'UTC') + interval '2 days') AT TIME ZONE 'UTC';
BEGIN
  IF to_regclass('agent_actions_before') IS NOT NULL OR NOT EXISTS (SELECT FROM agent_actions_default)
    OR EXISTS (SELECT FROM pg_constraint WHERE conname = 'agent_actions_before_cut') THEN RETURN; END IF;
  EXECUTE format(
    'ALTER TABLE agent_actions_default ADD CONSTRAINT agent_actions_before_cut CHECK (created_at < %L) NOT VALID', cut);
  CREATE TABLE agent_actions_aside (LIKE agent_actions);
  WITH moved AS (DELETE FROM agent_actions_default WHERE created_at >= cut RETURNING *)
  INSERT INTO agent_actions_aside SELECT * FROM moved;
END
$$;
COMMIT;

-- 2. The rows are read through beside readers and writers: the lock of VALIDATE CONSTRAINT keeps nobody waiting.
BEGIN;
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_constraint WHERE conname = 'agent_actions_before_cut' AND NOT convalidated) THEN
    ALTER TABLE agent_actions_default VALIDATE CONSTRAINT agent_actions_before_cut;
  END IF;
END
$$;
COMMIT;

-- 3. The partition changes its place. The constraint proves that its rows belong there, so nothing is read: a moment's lock.
BEGIN;
SET LOCAL lock_timeout = '10s';
DO $$
DECLARE
  cut text := (
    SELECT substring(pg_get_constraintdef(oid) FROM '''([^'']+)''') FROM pg_constraint WHERE conname = 'agent_actions_before_cut');
BEGIN
  IF cut IS NULL OR to_regclass('agent_actions_before') IS NOT NULL THEN RETURN; END IF;
  ALTER TABLE agent_actions DETACH PARTITION agent_actions_default;
  ALTER TABLE agent_actions_default RENAME TO agent_actions_before;
  EXECUTE format('ALTER TABLE agent_actions ATTACH PARTITION agent_actions_before FOR VALUES FROM (MINVALUE) TO (%L)', cut);
  ALTER TABLE agent_actions_before DROP CONSTRAINT agent_actions_before_cut;
  CREATE TABLE agent_actions_default PARTITION OF agent_actions DEFAULT;
  INSERT INTO agent_actions SELECT * FROM agent_actions_aside ON CONFLICT DO NOTHING;
  DROP TABLE agent_actions_aside;
END
$$;
COMMIT;

-- Makes the partitions of the coming days and removes what is older than p_retention_days (NULL: nothing is removed). Partitions go as
-- a whole, once their last moment is too old; rows elsewhere are deleted, at most p_delete_max at a time: when 'deleted' is as many,
-- there are more.
--
-- Returns what it did. Safe to run at any time and twice at once. Gives up after two seconds (55P03) rather than keep everybody waiting
-- behind its lock.
CREATE OR REPLACE FUNCTION observability_maintain(
  p_table text, p_time_column text, p_days_ahead integer, p_retention_days integer, p_delete_max integer
) RETURNS TABLE (action text, name text, count bigint)
LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
DECLARE
  today date := (now() AT TIME ZONE 'UTC')::date;
  cut timestamptz := now() - make_interval(days => p_retention_days);
  deleted_from text := p_table;
  deleted bigint;
  day date;
  part record;
BEGIN
  IF (SELECT relkind FROM pg_class WHERE oid = p_table::regclass) = 'p' THEN
    deleted_from := p_table || '_default';
    FOR day IN SELECT today + n FROM generate_series(0, p_days_ahead) AS n LOOP
      CONTINUE WHEN to_regclass(format('%I', p_table || '_' || to_char(day, 'YYYYMMDD'))) IS NOT NULL;
      -- Rows that came before their partition stay where they are.
      EXECUTE format('SELECT count(*) FROM (SELECT FROM %I WHERE %I >= %L AND %2$I < %4$L LIMIT 1) AS r',
        deleted_from, p_time_column, day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC') INTO deleted;
      CONTINUE WHEN deleted > 0;
      BEGIN
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
          p_table || '_' || to_char(day, 'YYYYMMDD'), p_table,
          day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
        RETURN QUERY SELECT 'made', p_table || '_' || to_char(day, 'YYYYMMDD'), 1::bigint;
      EXCEPTION
        -- The day belongs to a larger partition, or somebody else was first.
        WHEN invalid_object_definition OR duplicate_table THEN NULL;
      END;
    END LOOP;
    IF p_retention_days IS NOT NULL THEN
      FOR part IN
        SELECT c.relname FROM pg_inherits AS h JOIN pg_class AS c ON c.oid = h.inhrelid
        WHERE h.inhparent = p_table::regclass
          AND substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''([^'']+)''\)')::timestamptz <= cut
        ORDER BY c.relname
      LOOP
        EXECUTE format('DROP TABLE %I', part.relname);
        RETURN QUERY SELECT 'dropped', part.relname::text, 1::bigint;
      END LOOP;
    END IF;
  END IF;
  IF p_retention_days IS NOT NULL THEN
    EXECUTE format(
      'DELETE FROM %1$I WHERE ctid = ANY (ARRAY(SELECT ctid FROM %1$I WHERE %2$I < $1 ORDER BY %2$I LIMIT %3$s))',
      deleted_from, p_time_column, p_delete_max) USING cut;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    IF deleted > 0 THEN RETURN QUERY SELECT 'deleted', p_table, deleted; END IF;
  END IF;
END
$$;

-- What all agents did, in one shape. Conditions on occurred_at and correlation_id reach the tables' indexes.
CREATE OR REPLACE VIEW agent_activity AS
  SELECT created_at AS occurred_at, 'agent_actions' AS table_name, id, agent_name::text, correlation_id, action_type::text AS kind,
    status::text, concat_ws(': ', action_name, coalesce(error_message, result)) AS summary
  FROM agent_actions
  UNION ALL
  SELECT created_at, 'agent_routing_decisions', id, selected_agent::text, correlation_id, request_type::text, NULL::text,
    concat_ws(': ', 'confidence ' || confidence_score, routing_reason)
  FROM agent_routing_decisions
  UNION ALL
  SELECT created_at, 'agent_transformation_events', id, source_agent::text, correlation_id, 'transformation', NULL::text,
    concat_ws(': ', source_agent || ' -> ' || target_agent, trigger)
  FROM agent_transformation_events
  UNION ALL
  SELECT created_at, 'router_performance_metrics', id, agent_name::text, correlation_id, metric_name::text, NULL::text,
    concat_ws(' ', trim_scale(metric_value), unit)
  FROM router_performance_metrics
  UNION ALL
  SELECT created_at, 'agent_detection_failures', correlation_id, NULL::text, correlation_id, 'detection_failure', error_code::text,
    concat_ws(': ', failure_reason, request_summary)
  FROM agent_detection_failures
  UNION ALL
  SELECT updated_at, 'agent_execution_logs', execution_id, agent_name::text, correlation_id, 'execution', status::text,
    coalesce(error_message, output_summary, input_summary)
  FROM agent_execution_logs
  UNION ALL
  SELECT created_at, 'agent_status_events', id, agent_name::text, correlation_id, 'status', state::text,
    concat_ws(': ', current_phase, message)
  FROM agent_status_events;

CREATE OR REPLACE VIEW agent_activity_realtime AS
  SELECT * FROM agent_activity WHERE occurred_at >= now() - interval '24 hours';

COMMENT ON VIEW agent_activity_realtime IS 'What all agents did in the last 24 hours.';

INSERT INTO onex_migrations (number, name) VALUES (4, 'observability') ON CONFLICT (number) DO NOTHING;
