-- A database that is being restored is not taken back: its dump would be used as it is.
DO $$
BEGIN
  IF (SELECT s.restoring_since IS NOT NULL FROM runtime.database_state AS s) THEN
    RAISE EXCEPTION 'the database is being restored: run `onexctl restore finish` before this';
  END IF;
END
$$;

DROP TRIGGER inbox_day_left ON runtime.inbox_day;
DROP TRIGGER lanes_while_restoring ON runtime.lanes;
DROP FUNCTION runtime.lease, runtime.beat, runtime.register_deployment, runtime.adopt_deployment, runtime.restore_begin,
  runtime.restore_end, runtime.bring_back_inbox, runtime.leave_week, runtime.refuse_while_restoring;

-- As in migration 3.
CREATE OR REPLACE FUNCTION runtime.lease_lane(p_consumer text, p_owner text, p_topic text, p_partition integer, p_time interval)
RETURNS SETOF bigint
LANGUAGE sql AS $$
  INSERT INTO runtime.lanes AS l (consumer, topic, partition, epoch, owner)
  VALUES (p_consumer, p_topic, p_partition, 1, p_owner)
  ON CONFLICT (consumer, topic, partition) DO UPDATE
  SET epoch = CASE WHEN l.owner = excluded.owner THEN l.epoch ELSE l.epoch + 1 END, owner = excluded.owner,
    claimed_at = clock_timestamp()
  WHERE l.owner = excluded.owner OR l.claimed_at < clock_timestamp() - p_time
  RETURNING l.epoch
$$;

-- As in migration 6.
CREATE OR REPLACE FUNCTION runtime.maintain_inbox(p_days_ahead integer, p_retention_days integer)
RETURNS TABLE (action text, name text)
LANGUAGE plpgsql AS $$
DECLARE
  today date := (now() AT TIME ZONE 'UTC')::date;
  week date;
  partition_name text;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('runtime.maintain_inbox')) THEN RETURN; END IF;
  FOR week IN SELECT generate_series(date_trunc('week', today::timestamp), today + p_days_ahead, '7 days')::date LOOP
    partition_name := 'inbox_week_' || to_char(week, 'YYYYMMDD');
    -- A week that has a day's partition of its own writes into that, and what of it has none into the default.
    IF to_regclass('runtime.' || partition_name) IS NOT NULL
      OR EXISTS (
        SELECT FROM generate_series(0, 6) AS n WHERE to_regclass('runtime.inbox_' || to_char(week + n, 'YYYYMMDD')) IS NOT NULL)
      OR EXISTS (SELECT FROM runtime.inbox_default WHERE received_on >= week AND received_on < week + 7) THEN CONTINUE; END IF;
    EXECUTE format(
      'CREATE TABLE runtime.%I PARTITION OF runtime.inbox FOR VALUES FROM (%L) TO (%L)', partition_name, week, week + 7);
    RETURN QUERY SELECT 'made', partition_name;
  END LOOP;
  FOR partition_name IN
    SELECT c.relname FROM pg_inherits AS h JOIN pg_class AS c ON c.oid = h.inhrelid
    WHERE h.inhparent = 'runtime.inbox'::regclass AND c.relname ~ '^inbox_(week_)?[0-9]{8}$'
      -- A day's partition, too: after migration 6 it took the rest of its week.
      AND to_date(right(c.relname, 8), 'YYYYMMDD') + 6 < today - p_retention_days
    ORDER BY c.relname
  LOOP
    EXECUTE format('DROP TABLE runtime.%I', partition_name);
    RETURN QUERY SELECT 'dropped', partition_name;
  END LOOP;
  DELETE FROM runtime.inbox_default WHERE received_on + 6 < today - p_retention_days;
END
$$;

-- As in migration 3.
CREATE OR REPLACE FUNCTION runtime.maintain_journal(p_retention_days integer, p_count integer)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  gone bigint[];
  oldest timestamptz := now() - make_interval(days => p_retention_days);
BEGIN
  DELETE FROM runtime.effect_starts WHERE started_at < oldest;
  WITH old AS (
    SELECT number FROM runtime.streams WHERE closed_at < oldest ORDER BY closed_at LIMIT p_count FOR UPDATE SKIP LOCKED
  ), deleted AS (
    DELETE FROM runtime.streams AS s USING old WHERE s.number = old.number RETURNING s.number, s.handler, s.key
  ), projected AS (
    DELETE FROM runtime.projections AS p USING deleted AS d WHERE p.handler = d.handler AND p.stream_key = d.key
  )
  SELECT array_agg(number) INTO gone FROM deleted;
  DELETE FROM runtime.journal WHERE stream_number = ANY (gone);
  RETURN coalesce(cardinality(gone), 0);
END
$$;

DROP FUNCTION runtime.restoring, runtime.is_clock_steady, runtime.incarnation;
DROP TABLE runtime.deployment, runtime.database_state, runtime.inbox_weeks;
ALTER TABLE runtime.lanes DROP COLUMN renewals;

DELETE FROM onex_migrations WHERE number = 9;
