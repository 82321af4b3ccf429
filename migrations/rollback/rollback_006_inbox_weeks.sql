-- The rows of each week go to the day that they name, or to the default partition.
DO $$
DECLARE
  partition_name text;
BEGIN
  FOR partition_name IN
    SELECT c.relname FROM pg_inherits AS h JOIN pg_class AS c ON c.oid = h.inhrelid
    WHERE h.inhparent = 'runtime.inbox'::regclass AND c.relname LIKE 'inbox\_week\_%'
  LOOP
    EXECUTE format('ALTER TABLE runtime.inbox DETACH PARTITION runtime.%I', partition_name);
    EXECUTE format('INSERT INTO runtime.inbox SELECT * FROM runtime.%I', partition_name);
    EXECUTE format('DROP TABLE runtime.%I', partition_name);
  END LOOP;
END
$$;

COMMENT ON TABLE runtime.inbox IS 'What each request was answered; one partition a day, dropped after the retention.';
COMMENT ON COLUMN runtime.inbox.received_on IS NULL;
COMMENT ON TABLE runtime.inbox_day IS NULL;

-- As in migration 2.
CREATE OR REPLACE FUNCTION runtime.commit_batch(
  p_batch uuid, p_consumer text,
  p_lane_topics text[], p_lane_partitions integer[], p_lane_epochs bigint[],
  p_lanes integer[], p_offsets bigint[], p_identities uuid[], p_digests uuid[], p_outputs bytea[]
) RETURNS TABLE (kind text, place integer, digest uuid, outputs bytea)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  today date := (now() AT TIME ZONE 'UTC')::date;
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

  -- Before the shared lock: two commits that hold it could not both change the day.
  UPDATE runtime.inbox_day SET day = today WHERE day < today;
  SELECT d.day INTO today FROM runtime.inbox_day AS d FOR SHARE;

  INSERT INTO runtime.inbox
    (consumer, identity, received_on, digest, topic, partition, record_offset, batch, ordinal, outputs)
  SELECT p_consumer, e.identity, today, e.digest, p_lane_topics[e.lane], p_lane_partitions[e.lane], e.record_offset, p_batch,
    e.place, e.outputs
  FROM unnest(p_lanes, p_offsets, p_identities, p_digests, p_outputs)
    WITH ORDINALITY AS e (lane, record_offset, identity, digest, outputs, place)
  WHERE NOT EXISTS (
    SELECT FROM runtime.inbox AS earlier
    WHERE earlier.consumer = p_consumer AND earlier.identity = e.identity AND earlier.received_on < today)
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

CREATE OR REPLACE FUNCTION runtime.maintain_inbox(p_days_ahead integer, p_retention_days integer)
RETURNS TABLE (action text, name text)
LANGUAGE plpgsql AS $$
DECLARE
  today date := (now() AT TIME ZONE 'UTC')::date;
  day date;
  partition_name text;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('runtime.maintain_inbox')) THEN RETURN; END IF;
  FOR day IN SELECT today + n FROM generate_series(0, p_days_ahead) AS n LOOP
    partition_name := 'inbox_' || to_char(day, 'YYYYMMDD');
    IF to_regclass('runtime.' || partition_name) IS NOT NULL
      OR EXISTS (SELECT FROM runtime.inbox_default WHERE received_on = day) THEN CONTINUE; END IF;
    EXECUTE format(
      'CREATE TABLE runtime.%I PARTITION OF runtime.inbox FOR VALUES FROM (%L) TO (%L)', partition_name, day, day + 1);
    RETURN QUERY SELECT 'made', partition_name;
  END LOOP;
  FOR partition_name IN
    SELECT c.relname FROM pg_inherits AS h JOIN pg_class AS c ON c.oid = h.inhrelid
    WHERE h.inhparent = 'runtime.inbox'::regclass AND c.relname ~ '^inbox_[0-9]{8}$'
      AND to_date(right(c.relname, 8), 'YYYYMMDD') < today - p_retention_days
    ORDER BY c.relname
  LOOP
    EXECUTE format('DROP TABLE runtime.%I', partition_name);
    RETURN QUERY SELECT 'dropped', partition_name;
  END LOOP;
  DELETE FROM runtime.inbox_default WHERE received_on < today - p_retention_days;
END
$$;

DELETE FROM onex_migrations WHERE number = 6;
