-- The life of the database itself: the deployment that it belongs to, its clock, restoring, leases that depend on no wall clock, and
-- maintenance that deletes nothing while the clock cannot be trusted.

-- Counts the renewals of a lease. A contender that sees the same epoch and the same count for the lease's time, by its own monotonic
-- clock, may take the lane.
ALTER TABLE runtime.lanes ADD COLUMN IF NOT EXISTS renewals bigint NOT NULL DEFAULT 0;

-- The stack that this database belongs to: recorded by the first service, compared by every later one.
CREATE TABLE IF NOT EXISTS runtime.deployment (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  -- ONEX_DEPLOYMENT_ID.
  deployment_id text NOT NULL,
  -- As the brokers report it; NULL while they report none.
  cluster_id text,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  adopted_at timestamptz
);
COMMENT ON TABLE runtime.deployment IS 'The stack whose services may use this database.';

CREATE TABLE IF NOT EXISTS runtime.database_state (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  -- The last heartbeat of any service. In a dump: the time of the dump, within the interval of heartbeats.
  beat_at timestamptz NOT NULL CHECK (isfinite(beat_at)),
  -- The clock's last jump, or the end of a long silence.
  steady_since timestamptz NOT NULL DEFAULT '-infinity',
  -- Tells this database from a copy of it (runtime.incarnation).
  incarnation text NOT NULL DEFAULT '',
  -- Set between `onexctl restore begin` and `onexctl restore finish`.
  restoring_since timestamptz,
  dumped_at timestamptz,
  restored_at timestamptz
);
COMMENT ON TABLE runtime.database_state IS 'Heartbeat, trust in the clock, and restoring.';

-- Weeks of the inbox that commits no longer write into, and when the last one could have.
CREATE TABLE IF NOT EXISTS runtime.inbox_weeks (
  day date PRIMARY KEY,
  left_at timestamptz NOT NULL
);

-- Differs between a database and every logical copy of it: the server's identity, the database's and that of a table in it. A dump
-- carries the value of its origin. As its owner, since the server may keep its identity from others.
CREATE OR REPLACE FUNCTION runtime.incarnation() RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  server text := '';
BEGIN
  BEGIN
    SELECT c.system_identifier::text INTO server FROM pg_control_system() AS c;
  EXCEPTION WHEN insufficient_privilege OR undefined_function OR feature_not_supported THEN
    server := '';
  END;
  RETURN server || '/' || (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
    || '/' || 'runtime.database_state'::regclass::oid;
END
$$;

INSERT INTO runtime.database_state (beat_at, incarnation) VALUES (clock_timestamp(), runtime.incarnation()) ON CONFLICT DO NOTHING;

-- Why no service may work on this database now; NULL when services may.
CREATE OR REPLACE FUNCTION runtime.restoring() RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN s.restoring_since IS NOT NULL THEN 'the database is being restored; `onexctl restore finish` ends that'
    WHEN s.incarnation <> runtime.incarnation() THEN
      'the database is a copy: after a restore run `onexctl restore begin` and `onexctl restore finish`; '
      'run `onexctl deployment adopt` when it was moved and nothing was lost'
  END
  FROM runtime.database_state AS s
$$;

-- No lane is claimed or leased meanwhile, by any version of the program.
CREATE OR REPLACE FUNCTION runtime.refuse_while_restoring() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
  reason text;
BEGIN
  IF coalesce(current_setting('onex.restore', true), '') <> 'on' THEN
    reason := runtime.restoring();
    IF reason IS NOT NULL THEN RAISE EXCEPTION 'RESTORING: %', reason USING ERRCODE = 'OX002'; END IF;
  END IF;
  RETURN NULL;
END
$$;
DROP TRIGGER IF EXISTS lanes_while_restoring ON runtime.lanes;
CREATE TRIGGER lanes_while_restoring BEFORE INSERT OR UPDATE ON runtime.lanes
  FOR EACH STATEMENT EXECUTE FUNCTION runtime.refuse_while_restoring();

-- Takes or renews a lane that no broker assigns, or shows who has it.
--
-- p_epoch, p_renewals: the state of the lane that the caller has seen unchanged for the whole time of the lease, else NULL. The lane
-- changes hands only while it is still in exactly that state: no wall clock decides.
CREATE OR REPLACE FUNCTION runtime.lease(
  p_consumer text, p_owner text, p_topic text, p_partition integer, p_epoch bigint, p_renewals bigint
) RETURNS TABLE (epoch bigint, renewals bigint, is_held boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  INSERT INTO runtime.lanes AS l (consumer, topic, partition, epoch, owner, renewals)
  VALUES (p_consumer, p_topic, p_partition, 1, p_owner, 1)
  ON CONFLICT (consumer, topic, partition) DO UPDATE
  SET epoch = CASE WHEN l.owner = excluded.owner THEN l.epoch ELSE l.epoch + 1 END, owner = excluded.owner,
    renewals = CASE WHEN l.renewals < 9223372036854775807 THEN l.renewals + 1 ELSE 0 END, claimed_at = clock_timestamp()
  WHERE l.owner = excluded.owner OR (l.epoch = p_epoch AND l.renewals = p_renewals)
  RETURNING l.epoch, l.renewals, true;
  IF FOUND THEN RETURN; END IF;
  RETURN QUERY
  SELECT l.epoch, l.renewals, false FROM runtime.lanes AS l
  WHERE l.consumer = p_consumer AND l.topic = p_topic AND l.partition = p_partition;
END
$$;

-- As in migration 3, for services of the version before, which go on while this is applied: their renewals count, too.
CREATE OR REPLACE FUNCTION runtime.lease_lane(p_consumer text, p_owner text, p_topic text, p_partition integer, p_time interval)
RETURNS SETOF bigint
LANGUAGE sql AS $$
  INSERT INTO runtime.lanes AS l (consumer, topic, partition, epoch, owner, renewals)
  VALUES (p_consumer, p_topic, p_partition, 1, p_owner, 1)
  ON CONFLICT (consumer, topic, partition) DO UPDATE
  SET epoch = CASE WHEN l.owner = excluded.owner THEN l.epoch ELSE l.epoch + 1 END, owner = excluded.owner,
    renewals = l.renewals + 1, claimed_at = clock_timestamp()
  WHERE l.owner = excluded.owner OR l.claimed_at < clock_timestamp() - p_time
  RETURNING l.epoch
$$;

-- Whether the clock can be trusted with deleting: services have watched it for six hours without a jump, and the last heartbeat is
-- recent. Two days allow for a weekend without services.
CREATE OR REPLACE FUNCTION runtime.is_clock_steady() RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT (s.steady_since = '-infinity' OR clock_timestamp() >= s.steady_since + interval '6 hours')
    AND clock_timestamp() BETWEEN s.beat_at - interval '1 hour' AND s.beat_at + interval '2 days'
  FROM runtime.database_state AS s
$$;

-- A service's heartbeat: proves that the database takes writes, and watches its clock.
--
-- p_since: the database's time at the caller's last heartbeat; p_elapsed: the time since then by the caller's monotonic clock. NULL for
-- the first one, which is compared with the last heartbeat of any service. A jump is noted; after it, is_steady is false for six hours.
CREATE OR REPLACE FUNCTION runtime.beat(p_since timestamptz, p_elapsed interval)
RETURNS TABLE (moment timestamptz, is_steady boolean, restoring text)
LANGUAGE plpgsql AS $$
DECLARE
  reason text := runtime.restoring();
  last timestamptz;
  seen timestamptz;
  has_jumped boolean;
BEGIN
  IF reason IS NOT NULL THEN
    -- The heartbeat of the dump says how old the dump is.
    RETURN QUERY SELECT clock_timestamp(), true, reason;
    RETURN;
  END IF;
  SELECT s.beat_at INTO last FROM runtime.database_state AS s FOR UPDATE;
  seen := clock_timestamp();
  has_jumped := CASE
    WHEN p_since IS NULL OR p_elapsed IS NULL OR NOT isfinite(p_since)
      THEN seen NOT BETWEEN last - interval '1 hour' AND last + interval '2 days'
    ELSE seen - p_since - p_elapsed NOT BETWEEN interval '-1 hour' AND interval '1 hour'
  END;
  UPDATE runtime.database_state AS s
  SET beat_at = seen, steady_since = CASE WHEN has_jumped THEN seen ELSE s.steady_since END;
  RETURN QUERY SELECT seen, runtime.is_clock_steady(), NULL::text;
END
$$;

-- Keeps a clock that has jumped from moving the inbox into a week that is far away, where it would stay until that week has come.
-- Notes when a week was left: its rows are that old at most, whatever date they bear.
CREATE OR REPLACE FUNCTION runtime.leave_week() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.day > OLD.day + 7 AND NOT runtime.is_clock_steady() THEN RETURN NULL; END IF;
  IF NEW.day > OLD.day THEN
    INSERT INTO runtime.inbox_weeks (day, left_at) VALUES (OLD.day, clock_timestamp())
    ON CONFLICT (day) DO UPDATE SET left_at = excluded.left_at;
  END IF;
  RETURN NEW;
END
$$;
DROP TRIGGER IF EXISTS inbox_day_left ON runtime.inbox_day;
CREATE TRIGGER inbox_day_left BEFORE UPDATE ON runtime.inbox_day
  FOR EACH ROW WHEN (NEW.day IS DISTINCT FROM OLD.day) EXECUTE FUNCTION runtime.leave_week();

-- Brings rows that a clock far ahead has dated into this week. At most p_count rows; the week itself goes back with the last of them.
--
-- Until then commits write into the later week, and find what was moved in an earlier one.
CREATE OR REPLACE FUNCTION runtime.bring_back_inbox(p_week date, p_count integer) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  far bigint;
BEGIN
  SELECT count(*) INTO far FROM (SELECT FROM runtime.inbox AS i WHERE i.received_on > p_week LIMIT p_count) AS later;
  -- Waits for every commit that writes into the later week, before it looks for the last rows.
  IF far < p_count THEN PERFORM FROM runtime.inbox_day FOR UPDATE; END IF;
  UPDATE runtime.inbox AS i SET received_on = p_week
  FROM (SELECT f.consumer, f.identity, f.received_on FROM runtime.inbox AS f WHERE f.received_on > p_week LIMIT p_count) AS far_rows
  WHERE i.consumer = far_rows.consumer AND i.identity = far_rows.identity AND i.received_on = far_rows.received_on
    AND NOT EXISTS (
      SELECT FROM runtime.inbox AS own
      WHERE own.consumer = far_rows.consumer AND own.identity = far_rows.identity AND own.received_on = p_week);
  GET DIAGNOSTICS far = ROW_COUNT;
  IF far < p_count THEN UPDATE runtime.inbox_day SET day = p_week WHERE day > p_week; END IF;
  RETURN far;
END
$$;

-- As in migration 6, and deletes nothing while the clock is not steady ('refused'); brings rows back that a clock far ahead has dated
-- ('moved'). A week is dropped when the retention has passed since its last day and since it was left.
CREATE OR REPLACE FUNCTION runtime.maintain_inbox(p_days_ahead integer, p_retention_days integer)
RETURNS TABLE (action text, name text)
LANGUAGE plpgsql AS $$
DECLARE
  today date := (now() AT TIME ZONE 'UTC')::date;
  this_week date := date_trunc('week', now() AT TIME ZONE 'UTC')::date;
  kept_from date := (now() AT TIME ZONE 'UTC')::date - p_retention_days;
  steady boolean := runtime.is_clock_steady();
  last_week date;
  week date;
  moved bigint;
  partition_name text;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('runtime.maintain_inbox')) THEN RETURN; END IF;
  SELECT d.day INTO last_week FROM runtime.inbox_day AS d;
  IF steady OR today BETWEEN last_week - 14 AND last_week + 14 THEN
    FOR week IN SELECT generate_series(this_week::timestamp, today + p_days_ahead, '7 days')::date LOOP
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
  END IF;
  IF NOT steady THEN
    RETURN QUERY SELECT 'refused', 'the clock of the database has jumped, or no service was here for two days';
    RETURN;
  END IF;
  IF last_week > this_week + 7 THEN
    moved := runtime.bring_back_inbox(this_week, 50000);
    RETURN QUERY SELECT 'moved', moved || ' rows into ' || this_week;
  END IF;
  FOR partition_name IN
    SELECT c.relname FROM pg_inherits AS h JOIN pg_class AS c ON c.oid = h.inhrelid
    WHERE h.inhparent = 'runtime.inbox'::regclass AND c.relname ~ '^inbox_(week_)?[0-9]{8}$'
      -- A day's partition, too: after migration 6 it took the rest of its week.
      AND to_date(right(c.relname, 8), 'YYYYMMDD') + 6 < kept_from
      AND NOT EXISTS (
        SELECT FROM runtime.inbox_weeks AS w
        WHERE w.day BETWEEN to_date(right(c.relname, 8), 'YYYYMMDD') - 6 AND to_date(right(c.relname, 8), 'YYYYMMDD') + 6
          AND w.left_at >= kept_from)
      AND NOT EXISTS (
        SELECT FROM runtime.inbox_day AS d
        WHERE d.day BETWEEN to_date(right(c.relname, 8), 'YYYYMMDD') - 6 AND to_date(right(c.relname, 8), 'YYYYMMDD') + 6)
    ORDER BY c.relname
  LOOP
    EXECUTE format('DROP TABLE runtime.%I', partition_name);
    RETURN QUERY SELECT 'dropped', partition_name;
  END LOOP;
  DELETE FROM runtime.inbox_default AS i
  WHERE i.received_on + 6 < kept_from AND i.received_on < last_week
    AND NOT EXISTS (SELECT FROM runtime.inbox_weeks AS w WHERE w.day = i.received_on AND w.left_at >= kept_from);
  DELETE FROM runtime.inbox_weeks AS w WHERE w.left_at < kept_from AND w.day + 6 < kept_from;
END
$$;

-- As in migration 3, and deletes nothing while the clock is not steady. What a clock far ahead has dated counts from now on.
CREATE OR REPLACE FUNCTION runtime.maintain_journal(p_retention_days integer, p_count integer)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  gone bigint[];
  oldest timestamptz := now() - make_interval(days => p_retention_days);
  future timestamptz := now() + interval '2 days';
BEGIN
  IF NOT runtime.is_clock_steady() THEN RETURN 0; END IF;
  UPDATE runtime.effect_starts SET started_at = now() WHERE started_at > future;
  UPDATE runtime.streams SET closed_at = now()
  WHERE number IN (SELECT s.number FROM runtime.streams AS s WHERE s.closed_at > future LIMIT p_count FOR UPDATE SKIP LOCKED);
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

-- Records the deployment where none is recorded, and its cluster where that was not known; shows what is recorded.
CREATE OR REPLACE FUNCTION runtime.register_deployment(p_deployment text, p_cluster text)
RETURNS TABLE (deployment_id text, cluster_id text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  INSERT INTO runtime.deployment (deployment_id, cluster_id) VALUES (p_deployment, p_cluster) ON CONFLICT DO NOTHING;
  UPDATE runtime.deployment AS d SET cluster_id = p_cluster
  WHERE d.deployment_id = p_deployment AND d.cluster_id IS NULL AND p_cluster IS NOT NULL;
  RETURN QUERY SELECT d.deployment_id, d.cluster_id FROM runtime.deployment AS d;
END
$$;

-- The decision of an operator: this database belongs to this deployment and cluster from now on, and is the original.
CREATE OR REPLACE FUNCTION runtime.adopt_deployment(p_deployment text, p_cluster text) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO runtime.deployment AS d (deployment_id, cluster_id, adopted_at) VALUES (p_deployment, p_cluster, clock_timestamp())
  ON CONFLICT (only_row) DO UPDATE
  SET deployment_id = excluded.deployment_id, cluster_id = excluded.cluster_id, adopted_at = excluded.adopted_at;
  UPDATE runtime.database_state SET incarnation = runtime.incarnation();
$$;

-- From here on no lane is claimed, and no commit of a lane that was claimed before takes effect. The epochs of a dump are behind those
-- that were given out since: they are raised by more than can have been.
--
-- Returns the time of the dump: p_dumped_at, else the last heartbeat that it holds.
CREATE OR REPLACE FUNCTION runtime.restore_begin(p_dumped_at timestamptz) RETURNS timestamptz
LANGUAGE plpgsql AS $$
DECLARE
  dumped timestamptz;
BEGIN
  PERFORM set_config('onex.restore', 'on', true);
  UPDATE runtime.database_state AS s
  SET dumped_at = coalesce(p_dumped_at, CASE WHEN s.restoring_since IS NULL THEN s.beat_at ELSE s.dumped_at END),
    restoring_since = coalesce(s.restoring_since, clock_timestamp())
  RETURNING s.dumped_at INTO dumped;
  UPDATE runtime.lanes SET epoch = epoch + 1000000, owner = 'restore', renewals = 0;
  PERFORM set_config('onex.restore', 'off', true);
  RETURN dumped;
END
$$;

CREATE OR REPLACE FUNCTION runtime.restore_end() RETURNS void
LANGUAGE sql AS $$
  UPDATE runtime.database_state
  SET restoring_since = NULL, restored_at = clock_timestamp(), beat_at = clock_timestamp(), incarnation = runtime.incarnation()
$$;

INSERT INTO onex_migrations (number, name) VALUES (9, 'lifecycle') ON CONFLICT (number) DO NOTHING;
