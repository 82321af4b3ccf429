-- As in migration 6.
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

-- As in migration 3.
CREATE OR REPLACE FUNCTION runtime.commit_work(
  p_batch uuid, p_consumer text,
  p_lane_topics text[], p_lane_partitions integer[], p_lane_epochs bigint[],
  p_lanes integer[], p_offsets bigint[], p_identities uuid[], p_digests uuid[], p_outputs bytea[],
  p_changes boolean[], p_claims uuid[], p_fires boolean[],
  s_handlers text[], s_keys text[], s_versions bigint[], s_events integer[], s_states text[], s_correlations uuid[],
  s_closed boolean[], p_now timestamptz,
  e_streams integer[], e_types text[], e_payloads text[], e_correlations uuid[], e_causations uuid[], e_times timestamptz[],
  t_cancelled uuid[],
  t_entries integer[], t_ids uuid[], t_due timestamptz[], t_handlers text[], t_keys text[], t_names text[], t_payloads bytea[],
  r_projections text[], r_keys text[], r_values text[], r_handlers text[], r_stream_keys text[]
) RETURNS TABLE (kind text, place integer, digest uuid, outputs bytea)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  repeated integer[] := '{}';
  silenced uuid[] := '{}';
  changed bigint;
  head bigint;
  own uuid;
  answer record;
BEGIN
  FOR answer IN
    SELECT * FROM runtime.commit_batch(
      p_batch, p_consumer, p_lane_topics, p_lane_partitions, p_lane_epochs, p_lanes, p_offsets, p_identities, p_digests, p_outputs)
  LOOP
    RETURN QUERY SELECT answer.kind, answer.place, answer.digest, answer.outputs;
    IF answer.kind = 'fenced' THEN RETURN; END IF;
    repeated := repeated || answer.place;
  END LOOP;

  -- A row of this batch that another transaction wrote says that an earlier attempt did everything below: one row tells, since they
  -- were written together.
  SELECT e.identity INTO own FROM unnest(p_identities) WITH ORDINALITY AS e (identity, place)
  WHERE NOT e.place::integer = ANY (repeated) LIMIT 1;
  IF EXISTS (
    SELECT FROM runtime.inbox AS i
    WHERE i.consumer = p_consumer AND i.identity = own AND i.batch = p_batch AND i.xmin <> pg_current_xact_id()::xid)
  THEN
    RETURN QUERY
    SELECT 'silenced', e.place::integer, NULL::uuid, NULL::bytea
    FROM unnest(p_identities, p_claims) WITH ORDINALITY AS e (identity, claim, place)
    JOIN runtime.inbox AS i ON i.consumer = p_consumer AND i.identity = e.identity
    WHERE e.claim IS NOT NULL AND i.outputs = ''::bytea;
    RETURN;
  END IF;

  IF EXISTS (SELECT FROM unnest(repeated) AS r (place) WHERE p_changes[r.place]) THEN
    RAISE EXCEPTION 'a message that changes a stream was recorded before' USING ERRCODE = 'OX001';
  END IF;

  -- A response takes its request's deadline away, a firing marks it; whoever finds nothing to take was too late.
  IF EXISTS (SELECT FROM unnest(p_claims) AS c (id) WHERE c.id IS NOT NULL) THEN
    WITH claims AS (
      SELECT e.claim, e.fires, e.identity, e.place
      FROM unnest(p_claims, p_fires, p_identities) WITH ORDINALITY AS e (claim, fires, identity, place)
      WHERE e.claim IS NOT NULL AND NOT e.place::integer = ANY (repeated)
    ), taken AS (
      DELETE FROM runtime.timers AS t USING claims AS c
      WHERE NOT c.fires AND t.id = c.claim AND t.fired_at IS NULL
      RETURNING c.place
    ), marked AS (
      UPDATE runtime.timers AS t SET fired_at = p_now FROM claims AS c
      WHERE c.fires AND t.id = c.claim AND t.fired_at IS NULL
        AND NOT EXISTS (SELECT FROM claims AS r WHERE r.claim = c.claim AND NOT r.fires)
      RETURNING c.place
    )
    SELECT array_agg(c.identity) INTO silenced FROM claims AS c
    WHERE c.place NOT IN (SELECT place FROM taken UNION ALL SELECT place FROM marked);
    IF silenced IS NOT NULL THEN
      UPDATE runtime.inbox AS i SET outputs = ''::bytea
      WHERE i.consumer = p_consumer AND i.identity = ANY (silenced) AND i.batch = p_batch;
      RETURN QUERY
      SELECT 'silenced', e.place::integer, NULL::uuid, NULL::bytea
      FROM unnest(p_identities) WITH ORDINALITY AS e (identity, place) WHERE e.identity = ANY (silenced);
    END IF;
  END IF;

  IF cardinality(s_handlers) > 0 THEN
    -- In one order for all, so that two commits never wait for each other.
    PERFORM FROM runtime.streams AS s JOIN unnest(s_handlers, s_keys) AS g (handler, key) ON s.handler = g.handler AND s.key = g.key
    ORDER BY s.handler, s.key FOR UPDATE OF s;
    WITH given AS (
      SELECT * FROM unnest(s_handlers, s_keys, s_versions, s_events, s_states, s_correlations, s_closed)
        AS g (handler, key, version, events, state, correlation, closed)
    ), made AS (
      INSERT INTO runtime.streams AS s (handler, key, version, state, correlation_id, opened_at, changed_at, closed_at)
      SELECT handler, key, events, state::json, correlation, p_now, p_now, CASE WHEN closed THEN p_now END
      FROM given WHERE version = 0 ORDER BY handler, key
      ON CONFLICT DO NOTHING
      RETURNING s.number
    ), updated AS (
      UPDATE runtime.streams AS s
      SET version = s.version + g.events, state = g.state::json, changed_at = p_now, closed_at = CASE WHEN g.closed THEN p_now END
      FROM given AS g
      WHERE g.version > 0 AND s.handler = g.handler AND s.key = g.key AND s.version = g.version
      RETURNING s.number
    )
    SELECT count(*) INTO changed FROM (SELECT number FROM made UNION ALL SELECT number FROM updated) AS both_kinds;
    IF changed <> cardinality(s_handlers) THEN
      RAISE EXCEPTION 'a stream was changed by somebody else' USING ERRCODE = 'OX001';
    END IF;

    UPDATE runtime.journal_head SET last = last + cardinality(e_streams) RETURNING last INTO head;
    INSERT INTO runtime.journal
      (sequence, stream_number, stream_sequence, type, payload, correlation_id, causation_id, occurred_at)
    SELECT head - cardinality(e_streams) + e.place, s.number,
      s_versions[e.stream] + row_number() OVER (PARTITION BY e.stream ORDER BY e.place),
      e.type, e.payload::json, e.correlation, e.causation, e.occurred_at
    FROM unnest(e_streams, e_types, e_payloads, e_correlations, e_causations, e_times)
      WITH ORDINALITY AS e (stream, type, payload, correlation, causation, occurred_at, place)
    JOIN runtime.streams AS s ON s.handler = s_handlers[e.stream] AND s.key = s_keys[e.stream];
  END IF;

  IF cardinality(t_cancelled) > 0 THEN DELETE FROM runtime.timers WHERE id = ANY (t_cancelled); END IF;
  IF cardinality(t_ids) > 0 THEN
    INSERT INTO runtime.timers (id, consumer, due, handler, key, name, payload)
    SELECT g.id, p_consumer, g.due, g.handler, g.key, g.name, g.payload
    FROM unnest(t_entries, t_ids, t_due, t_handlers, t_keys, t_names, t_payloads) AS g (entry, id, due, handler, key, name, payload)
    -- The deadline of a request that is a repeat was set with the first one, and may be over.
    WHERE NOT g.entry = ANY (repeated)
    ON CONFLICT (id) DO UPDATE SET due = excluded.due, payload = excluded.payload, fired_at = NULL;
  END IF;

  IF cardinality(r_projections) > 0 THEN
    PERFORM runtime.write_projections(r_projections, r_keys, r_values, r_handlers, r_stream_keys);
  END IF;
END
$$;

ALTER FUNCTION runtime.mark_start(text, text, integer, bigint, uuid, uuid) RESET enable_seqscan;

DELETE FROM onex_migrations WHERE number = 7;
