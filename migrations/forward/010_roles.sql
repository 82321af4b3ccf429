-- Services may work as a role that owns nothing (migrations/roles.sql): what makes and drops partitions runs with the rights of its owner.
--
-- Such a function names every schema that it uses and looks into no other, so that a caller's search_path cannot put a table or function
-- of its own in the place of one that is meant. Everyone could call it otherwise: PUBLIC loses that right.

DO $$
DECLARE
  item record;
  inner_name constant text := 'observability_maintain_table';
BEGIN
  -- It takes a table's name from its caller. The one that everyone with the right calls accepts only the agents' tables, below.
  IF to_regproc('public.' || inner_name) IS NULL THEN
    ALTER FUNCTION public.observability_maintain(text, text, integer, integer, integer) RENAME TO observability_maintain_table;
  END IF;
  FOR item IN
    SELECT p.oid::regprocedure AS name, n.nspname AS schema_name, p.proname <> inner_name AS is_called
    FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
    WHERE (n.nspname = 'runtime' AND p.proname = 'maintain_inbox') OR (n.nspname = 'public' AND p.proname = inner_name)
  LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', item.name, item.schema_name);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', item.name);
    IF item.is_called THEN EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER', item.name); END IF;
    IF item.is_called AND EXISTS (SELECT FROM pg_roles WHERE rolname = 'onex_run') THEN
      EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO onex_run', item.name);
    END IF;
  END LOOP;
END
$$;

-- As in migration 4, for the tables of migrations 1 and 4 alone.
CREATE OR REPLACE FUNCTION public.observability_maintain(
  p_table text, p_time_column text, p_days_ahead integer, p_retention_days integer, p_delete_max integer
) RETURNS TABLE (action text, name text, count bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF p_table IS NULL OR p_table NOT IN (
    'agent_actions', 'agent_routing_decisions', 'agent_transformation_events', 'router_performance_metrics', 'agent_detection_failures',
    'agent_execution_logs', 'agent_status_events')
  THEN
    RAISE EXCEPTION 'observability_maintain is for the tables of agents, not for %', p_table USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN QUERY
  SELECT m.action, m.name, m.count
  FROM public.observability_maintain_table(p_table, p_time_column, p_days_ahead, p_retention_days, p_delete_max) AS m;
END
$$;
REVOKE ALL ON FUNCTION public.observability_maintain(text, text, integer, integer, integer) FROM PUBLIC;

DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'onex_run') THEN
    GRANT EXECUTE ON FUNCTION public.observability_maintain(text, text, integer, integer, integer) TO onex_run;
    REVOKE EXECUTE ON FUNCTION public.observability_maintain_table(text, text, integer, integer, integer) FROM onex_run;
    REVOKE INSERT, UPDATE, DELETE ON public.onex_migrations FROM onex_run;
  END IF;
END
$$;

INSERT INTO onex_migrations (number, name) VALUES (10, 'roles') ON CONFLICT (number) DO NOTHING;
