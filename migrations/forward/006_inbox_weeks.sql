-- The inbox has a partition a week instead of one a day. Each new identity is looked for in every earlier partition of the retention:
-- with a day each, a million rows of the last week made a request cost four times as much as an empty inbox.
--
-- A row's received_on is now the Monday of its week. Days that have rows keep their partitions until they are older than the retention.

COMMENT ON TABLE runtime.inbox IS 'What each request was answered; one partition a week, dropped when all of it is older than the retention.';
COMMENT ON COLUMN runtime.inbox.received_on IS 'The Monday (UTC) of the week the answer was recorded in; of rows from before migration 6 the day.';
COMMENT ON TABLE runtime.inbox_day IS 'The week that commits write into, by its Monday (until the first Monday after migration 6: a day).';

-- Days that were made ahead and that nothing was written into stand in the way of the weeks they are in.
DO $$
DECLARE
  partition_name text;
  is_empty boolean;
BEGIN
  PERFORM 1 FROM runtime.inbox_day FOR UPDATE;
  FOR partition_name IN
    SELECT c.relname FROM pg_inherits AS h JOIN pg_class AS c ON c.oid = h.inhrelid
    WHERE h.inhparent = 'runtime.inbox'::regclass AND c.relname ~ '^inbox_[0-9]{8}$'
      AND to_date(right(c.relname, 8), 'YYYYMMDD') > (SELECT day FROM runtime.inbox_day)
  LOOP
    EXECUTE format('SELECT NOT EXISTS (SELECT FROM runtime.%I)', partition_name) INTO is_empty;
    IF is_empty THEN EXECUTE format('DROP TABLE runtime.%I', partition_name); END IF;
  END LOOP;
END
$$;

-- As in migration 2, but for the week instead of the day.
CREATE OR REPLACE FUNCTION runtime.commit_batch(
  p_batch uuid, p_consumer text,
  p_lane_topics text[], p_lane_partitions integer[], p_lane_epochs bigint[],
  p_lanes integer[], p_offsets bigint[], p_identities uuid[], p_digests uuid[], p_outputs bytea[]
) RETURNS TABLE (kind text, place integer, digest uuid, outputs bytea)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  this_week date := date_trunc('week', now() AT TIME ZONE 'UTC')::date;
  recorded_count bigint;
BEGIN
  -- The lock keeps a claim waiting until this commit is over, in one order for all.
  PERFORM 1 FROM runtime.lanes AS l
  JOIN unnest(p_lane_topics, p_lane_partitions) AS g (topic, partition)
    ON l.consumer = p_consumer AND l.topic = g.topic AND l.partition = g.partition
  ORDER BY l.topic, l.partition
  FOR SHARE OF l;

  RETURN QUERY
  SELECT 'fenced', g.place::integer, NULL::uuid, NULL::bytea
  FROM unnest(p_lane_topics, p_lane_partitions, p_lane_epochs) WITH ORDINALITY AS g (topic, partition, epoch, place)
  LEFT JOIN runtime.lanes AS l ON l.consumer = p_consumer AND l.topic = g.topic AND l.partition = g.partition
  WHERE l.epoch IS DISTINCT FROM g.epoch;
  IF FOUND THEN RETURN; END IF;

  -- Before the shared lock: two commits that hold it could not both change the week.
  UPDATE runtime.inbox_day SET day = this_week WHERE day < this_week;
  SELECT d.day INTO this_week FROM runtime.inbox_day AS d FOR SHARE;

  INSERT INTO runtime.inbox
    (consumer, identity, received_on, digest, topic, partition, record_offset, batch, ordinal, outputs)
  SELECT p_consumer, e.identity, this_week, e.digest, p_lane_topics[e.lane], p_lane_partitions[e.lane], e.record_offset, p_batch,
    e.place, e.outputs
  FROM unnest(p_lanes, p_offsets, p_identities, p_digests, p_outputs)
    WITH ORDINALITY AS e (lane, record_offset, identity, digest, outputs, place)
  WHERE NOT EXISTS (
    SELECT FROM runtime.inbox AS earlier
    WHERE earlier.consumer = p_consumer AND earlier.identity = e.identity AND earlier.received_on < this_week)
  ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS recorded_count = ROW_COUNT;
  IF recorded_count = cardinality(p_identities) THEN RETURN; END IF;

  RETURN QUERY
  SELECT 'repeat', e.place::integer, i.digest, i.outputs
  FROM unnest(p_identities) WITH ORDINALITY AS e (identity, place)
  JOIN runtime.inbox AS i ON i.consumer = p_consumer AND i.identity = e.identity
  WHERE i.batch <> p_batch OR i.ordinal <> e.place;
END
$$;

-- Makes the partitions of this week and of the weeks that begin in the coming days; drops those whose last day is older than the
-- retention.
--
-- Returns what it did, one row each. Safe to run at any time and twice at once.
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

INSERT INTO onex_migrations (number, name) VALUES (6, 'inbox_weeks') ON CONFLICT (number) DO NOTHING;
