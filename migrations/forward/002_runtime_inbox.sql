-- The inbox of runtime-main and runtime-effects: what each request was answered, and who may answer.

CREATE SCHEMA IF NOT EXISTS runtime;

-- One row for each partition that a consumer group reads. The epoch rises with every claim; a member that holds an older one (its
-- partition was taken away while it was stopped) can commit no more.
CREATE TABLE IF NOT EXISTS runtime.lanes (
  consumer text NOT NULL,
  topic text NOT NULL,
  partition integer NOT NULL,
  epoch bigint NOT NULL,
  owner text NOT NULL,
  claimed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (consumer, topic, partition)
);

-- The day that commits write into. Locked by every commit (shared) and by the change to the next day (exclusively), so that no two
-- commits write into two days at once: the primary key of the inbox tells repeats apart within a day only.
CREATE TABLE IF NOT EXISTS runtime.inbox_day (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  day date NOT NULL
);
INSERT INTO runtime.inbox_day (day) VALUES ((now() AT TIME ZONE 'UTC')::date) ON CONFLICT DO NOTHING;

CREATE TABLE IF NOT EXISTS runtime.inbox (
  consumer text NOT NULL,
  -- The envelope's id, or a UUIDv5 of the idempotency key.
  identity uuid NOT NULL,
  received_on date NOT NULL,
  -- Of operation and payload; only for requests with an idempotency key.
  digest uuid,
  topic text NOT NULL,
  partition integer NOT NULL,
  record_offset bigint NOT NULL,
  -- The commit that wrote the row, and the row's place in it: a commit that is tried again knows its own rows.
  batch uuid NOT NULL,
  ordinal integer NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- The recorded outputs (OnexCore, RecordedOutputs).
  outputs bytea NOT NULL,
  PRIMARY KEY (consumer, identity, received_on)
) PARTITION BY RANGE (received_on);
-- Rows of a day without a partition of its own; nothing is lost when maintenance is late.
CREATE TABLE IF NOT EXISTS runtime.inbox_default PARTITION OF runtime.inbox DEFAULT;

COMMENT ON TABLE runtime.inbox IS 'What each request was answered; one partition a day, dropped after the retention.';

-- Claims lanes: gives each the next epoch. Waits for commits under the epoch before.
CREATE OR REPLACE FUNCTION runtime.claim_lanes(p_consumer text, p_owner text, p_topics text[], p_partitions integer[])
RETURNS TABLE (topic text, "partition" integer, epoch bigint)
LANGUAGE sql AS $$
  INSERT INTO runtime.lanes AS l (consumer, topic, partition, epoch, owner)
  SELECT p_consumer, given.topic, given.partition, 1, p_owner
  FROM unnest(p_topics, p_partitions) AS given (topic, partition)
  ORDER BY given.topic, given.partition
  ON CONFLICT (consumer, topic, partition)
  DO UPDATE SET epoch = l.epoch + 1, owner = excluded.owner, claimed_at = clock_timestamp()
  RETURNING l.topic, l.partition, l.epoch
$$;

-- Records a batch, all of it or nothing.
--
-- Returns a row of kind 'fenced' with the index (from 1) of each lane that was claimed since; nothing is recorded then. Else a row of
-- kind 'repeat' for each entry that was recorded before, with what was recorded.
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

-- Makes the partitions of the coming days and drops those whose last day is older than the retention.
--
-- Returns what it did, one row each. Safe to run at any time and twice at once.
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

INSERT INTO onex_migrations (number, name) VALUES (2, 'runtime_inbox') ON CONFLICT (number) DO NOTHING;
