-- One function for every commit, of as few statements as its work has, whose plans do not depend on what its tables held when they were
-- made.
--
-- Starting a statement costs PostgreSQL more than the few rows that it reads or writes here. What only repeats, earlier attempts of the
-- same commit, timers that fire or workflows need is asked only when there are such; the lanes are locked and compared at once.
--
-- Functions keep their statements' plans for as long as a session lives. Those of the first commits were made for empty tables, where
-- reading everything costs nothing; until autovacuum looked (a minute later, or more) each commit then read the whole inbox, and took ten
-- milliseconds instead of one after the first 10,000 requests. Now every look goes through an index:
--   enable_seqscan     one row by its key is never looked for by reading all of them
--   jit                what the first one makes look dear is not compiled
--   plan_cache_mode    plans made anew for each commit's arrays were a sixth of its processor time
--   OFFSET 0, LATERAL, = ANY (the batch's keys)   an entry asks for its own rows; no join reads a table first
-- Of a commit of five requests, looking for all identities of earlier weeks at once saves a quarter of the time.

-- The inbox of a new database began with a day, in the midst of its week: the week's own partition then counted as an earlier one, and
-- each identity was looked for in it twice.
DO $$
BEGIN
  PERFORM FROM runtime.inbox_day FOR UPDATE;
  UPDATE runtime.inbox_day SET day = date_trunc('week', day)::date
  WHERE day <> date_trunc('week', day)::date
    AND NOT EXISTS (SELECT FROM runtime.inbox WHERE received_on > date_trunc('week', day)::date);
END
$$;

-- Changes streams and appends their events, in the transaction of the commit that calls it.
--
-- One stream after the other: of a statement for all of them the plan could be one that looks through every stream there is.
CREATE OR REPLACE FUNCTION runtime.commit_streams(
  p_now timestamptz, s_handlers text[], s_keys text[], s_versions bigint[], s_events integer[], s_states text[], s_correlations uuid[],
  s_closed boolean[],
  e_streams integer[], e_types text[], e_payloads text[], e_correlations uuid[], e_causations uuid[], e_times timestamptz[]
) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  head bigint;
  given record;
BEGIN
  -- In one order for all, so that two commits never wait for each other.
  FOR given IN
    SELECT g.* FROM unnest(s_handlers, s_keys, s_versions, s_events, s_states, s_correlations, s_closed)
      AS g (handler, key, version, events, state, correlation, closed)
    ORDER BY g.handler, g.key
  LOOP
    IF given.version = 0 THEN
      INSERT INTO runtime.streams (handler, key, version, state, correlation_id, opened_at, changed_at, closed_at)
      VALUES (
        given.handler, given.key, given.events, given.state::json, given.correlation, p_now, p_now, CASE WHEN given.closed THEN p_now END)
      ON CONFLICT DO NOTHING;
    ELSE
      UPDATE runtime.streams AS s
      SET version = given.version + given.events, state = given.state::json, changed_at = p_now,
        closed_at = CASE WHEN given.closed THEN p_now END
      WHERE s.handler = given.handler AND s.key = given.key AND s.version = given.version;
    END IF;
    IF NOT FOUND THEN RAISE EXCEPTION 'a stream was changed by somebody else' USING ERRCODE = 'OX001'; END IF;
  END LOOP;

  UPDATE runtime.journal_head SET last = last + cardinality(e_streams) RETURNING last INTO head;
  INSERT INTO runtime.journal
    (sequence, stream_number, stream_sequence, type, payload, correlation_id, causation_id, occurred_at)
  SELECT head - cardinality(e_streams) + e.place, s.number,
    s_versions[e.stream] + row_number() OVER (PARTITION BY e.stream ORDER BY e.place),
    e.type, e.payload::json, e.correlation, e.causation, e.occurred_at
  FROM unnest(e_streams, e_types, e_payloads, e_correlations, e_causations, e_times)
    WITH ORDINALITY AS e (stream, type, payload, correlation, causation, occurred_at, place)
  CROSS JOIN LATERAL (
    SELECT one.number FROM runtime.streams AS one WHERE one.handler = s_handlers[e.stream] AND one.key = s_keys[e.stream] OFFSET 0) AS s;
END
$$;

-- Does what commit_batch and commit_work do; those stay for services of the version before, which go on while this is applied, and lock
-- what this locks. What a plain commit does not have is left out.
CREATE OR REPLACE FUNCTION runtime.commit(
  p_batch uuid, p_consumer text,
  p_lane_topics text[], p_lane_partitions integer[], p_lane_epochs bigint[],
  p_lanes integer[], p_offsets bigint[], p_identities uuid[], p_digests uuid[], p_outputs bytea[],
  p_changes boolean[] = '{}', p_claims uuid[] = '{}', p_fires boolean[] = '{}',
  s_handlers text[] = '{}', s_keys text[] = '{}', s_versions bigint[] = '{}', s_events integer[] = '{}', s_states text[] = '{}',
  s_correlations uuid[] = '{}', s_closed boolean[] = '{}', p_now timestamptz = NULL,
  e_streams integer[] = '{}', e_types text[] = '{}', e_payloads text[] = '{}', e_correlations uuid[] = '{}',
  e_causations uuid[] = '{}', e_times timestamptz[] = '{}',
  t_cancelled uuid[] = '{}',
  t_entries integer[] = '{}', t_ids uuid[] = '{}', t_due timestamptz[] = '{}', t_handlers text[] = '{}', t_keys text[] = '{}',
  t_names text[] = '{}', t_payloads bytea[] = '{}',
  r_projections text[] = '{}', r_keys text[] = '{}', r_values text[] = '{}', r_handlers text[] = '{}', r_stream_keys text[] = '{}'
) RETURNS TABLE (kind text, place integer, digest uuid, outputs bytea)
LANGUAGE plpgsql SET enable_seqscan = off SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  this_week date := date_trunc('week', now() AT TIME ZONE 'UTC')::date;
  last_week date;
  lanes_held integer;
  recorded bigint;
  repeated integer[] := '{}';
  claimed uuid[] := array_remove(p_claims, NULL);
  taken uuid[];
  silenced uuid[];
  own uuid;
  answer record;
BEGIN
  -- The lock keeps a claim waiting until this commit is over, in one order for all.
  IF cardinality(p_lane_topics) = 1 THEN
    -- Most commits are of one lane.
    SELECT (l.epoch = p_lane_epochs[1])::integer, (SELECT d.day FROM runtime.inbox_day AS d) INTO lanes_held, last_week
    FROM runtime.lanes AS l
    WHERE l.consumer = p_consumer AND l.topic = p_lane_topics[1] AND l.partition = p_lane_partitions[1]
    FOR SHARE;
  ELSE
    SELECT count(*) FILTER (WHERE held.is_ours), (SELECT d.day FROM runtime.inbox_day AS d) INTO lanes_held, last_week
    FROM (
      SELECT l.epoch = g.epoch AS is_ours
      FROM unnest(p_lane_topics, p_lane_partitions, p_lane_epochs) AS g (topic, partition, epoch)
      JOIN runtime.lanes AS l ON l.consumer = p_consumer AND l.topic = g.topic AND l.partition = g.partition
      ORDER BY l.topic, l.partition
      FOR SHARE OF l) AS held;
  END IF;
  IF lanes_held IS DISTINCT FROM cardinality(p_lane_topics) THEN
    RETURN QUERY
    SELECT 'fenced', g.place::integer, NULL::uuid, NULL::bytea
    FROM unnest(p_lane_topics, p_lane_partitions, p_lane_epochs) WITH ORDINALITY AS g (topic, partition, epoch, place)
    LEFT JOIN runtime.lanes AS l ON l.consumer = p_consumer AND l.topic = g.topic AND l.partition = g.partition
    WHERE l.epoch IS DISTINCT FROM g.epoch;
    -- Epochs only rise. Should it be otherwise, nothing said would mean that all was committed.
    IF NOT FOUND THEN
      RAISE EXCEPTION 'lanes of % are not held as claimed, and none of them is held by another', p_consumer
        USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN;
  END IF;

  -- Whoever changes the week waits for all commits that write into the last one, and so looks through what they wrote. It is changed
  -- before it is shared: two commits that share it could not both change it.
  IF last_week < this_week THEN UPDATE runtime.inbox_day SET day = this_week WHERE day < this_week; END IF;
  SELECT d.day INTO this_week FROM runtime.inbox_day AS d FOR SHARE;

  INSERT INTO runtime.inbox
    (consumer, identity, received_on, digest, topic, partition, record_offset, batch, ordinal, outputs)
  SELECT p_consumer, e.identity, this_week, e.digest, p_lane_topics[e.lane], p_lane_partitions[e.lane], e.record_offset, p_batch,
    e.place, e.outputs
  FROM unnest(p_lanes, p_offsets, p_identities, p_digests, p_outputs)
    WITH ORDINALITY AS e (lane, record_offset, identity, digest, outputs, place)
  WHERE e.identity NOT IN (
    SELECT earlier.identity FROM runtime.inbox AS earlier
    WHERE earlier.identity = ANY (p_identities) AND earlier.consumer = p_consumer AND earlier.received_on < this_week)
  ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS recorded = ROW_COUNT;

  IF recorded < cardinality(p_identities) THEN
    FOR answer IN
      SELECT e.place::integer AS place, i.digest, i.outputs
      FROM unnest(p_identities) WITH ORDINALITY AS e (identity, place)
      CROSS JOIN LATERAL (
        SELECT * FROM runtime.inbox AS one WHERE one.identity = e.identity AND one.consumer = p_consumer OFFSET 0) AS i
      WHERE i.batch <> p_batch OR i.ordinal <> e.place
    LOOP
      RETURN QUERY SELECT 'repeat', answer.place, answer.digest, answer.outputs;
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
  END IF;

  -- A response takes its request's deadline away, a firing marks it; whoever finds nothing to take was too late.
  IF cardinality(claimed) > 0 THEN
    IF cardinality(repeated) = 0 AND NOT true = ANY (p_fires) THEN
      WITH gone AS (DELETE FROM runtime.timers AS t WHERE t.id = ANY (claimed) AND t.fired_at IS NULL RETURNING t.id)
      SELECT coalesce(array_agg(gone.id), '{}') INTO taken FROM gone;
      IF cardinality(taken) < cardinality(claimed) THEN
        SELECT array_agg(c.identity) INTO silenced
        FROM unnest(p_claims, p_identities) WITH ORDINALITY AS c (claim, identity, place)
        WHERE c.claim IS NOT NULL AND (NOT c.claim = ANY (taken) OR c.claim = ANY (p_claims[1:c.place - 1]));
      END IF;
    ELSE
      WITH claims AS (
        SELECT e.claim, e.fires, e.identity, e.place
        FROM unnest(p_claims, p_fires, p_identities) WITH ORDINALITY AS e (claim, fires, identity, place)
        WHERE e.claim IS NOT NULL AND NOT e.place::integer = ANY (repeated)
      ), taken AS (
        DELETE FROM runtime.timers AS t USING claims AS c
        WHERE NOT c.fires AND t.id = c.claim AND t.fired_at IS NULL AND t.id = ANY (p_claims)
        RETURNING c.place
      ), marked AS (
        UPDATE runtime.timers AS t SET fired_at = p_now FROM claims AS c
        WHERE c.fires AND t.id = c.claim AND t.fired_at IS NULL AND t.id = ANY (p_claims)
          AND NOT EXISTS (SELECT FROM claims AS r WHERE r.claim = c.claim AND NOT r.fires)
        RETURNING c.place
      )
      SELECT array_agg(c.identity) INTO silenced FROM claims AS c
      WHERE c.place NOT IN (SELECT place FROM taken UNION ALL SELECT place FROM marked);
    END IF;
    IF silenced IS NOT NULL THEN
      UPDATE runtime.inbox AS i SET outputs = ''::bytea
      WHERE i.consumer = p_consumer AND i.identity = ANY (silenced) AND i.batch = p_batch;
      RETURN QUERY
      SELECT 'silenced', e.place::integer, NULL::uuid, NULL::bytea
      FROM unnest(p_identities) WITH ORDINALITY AS e (identity, place) WHERE e.identity = ANY (silenced);
    END IF;
  END IF;

  IF cardinality(s_handlers) > 0 THEN
    PERFORM runtime.commit_streams(
      p_now, s_handlers, s_keys, s_versions, s_events, s_states, s_correlations, s_closed,
      e_streams, e_types, e_payloads, e_correlations, e_causations, e_times);
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

ALTER FUNCTION runtime.mark_start(text, text, integer, bigint, uuid, uuid) SET enable_seqscan = off;

INSERT INTO onex_migrations (number, name) VALUES (7, 'one_commit') ON CONFLICT (number) DO NOTHING;
