-- The journal: streams, their events, durable timers and read models; start markers of effects that run at most once.

-- One row for each stream: the fold of its events, kept so that nothing must be folded to go on. The number rises with time, so that
-- events of streams that are alive together lie together.
CREATE TABLE IF NOT EXISTS runtime.streams (
  number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  handler text NOT NULL,
  key text NOT NULL,
  version bigint NOT NULL,
  state json NOT NULL,
  correlation_id uuid NOT NULL,
  opened_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  -- Nothing more is expected to happen.
  closed_at timestamptz,
  PRIMARY KEY (handler, key)
);
CREATE INDEX IF NOT EXISTS streams_correlation ON runtime.streams (correlation_id);
CREATE INDEX IF NOT EXISTS streams_open ON runtime.streams (number) WHERE closed_at IS NULL;
CREATE INDEX IF NOT EXISTS streams_closed ON runtime.streams (closed_at) WHERE closed_at IS NOT NULL;

-- Gives out the global sequence. Locked until the commit is over, so that sequences have no gaps and rise in commit order: whoever has
-- read up to one has missed none before it.
CREATE TABLE IF NOT EXISTS runtime.journal_head (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  last bigint NOT NULL
);
INSERT INTO runtime.journal_head (last) VALUES (0) ON CONFLICT DO NOTHING;

CREATE TABLE IF NOT EXISTS runtime.journal (
  sequence bigint PRIMARY KEY,
  stream_number bigint NOT NULL,
  stream_sequence bigint NOT NULL,
  type text NOT NULL,
  payload json NOT NULL,
  correlation_id uuid NOT NULL,
  causation_id uuid,
  occurred_at timestamptz NOT NULL,
  UNIQUE (stream_number, stream_sequence)
);
COMMENT ON TABLE runtime.journal IS 'Append only: what happened in each stream.';

CREATE TABLE IF NOT EXISTS runtime.timers (
  id uuid PRIMARY KEY,
  consumer text NOT NULL,
  due timestamptz NOT NULL,
  -- Empty for the deadline of a request.
  handler text NOT NULL,
  key text NOT NULL,
  name text NOT NULL,
  payload bytea NOT NULL,
  -- Set when a deadline has won against its response.
  fired_at timestamptz
);
CREATE INDEX IF NOT EXISTS timers_due ON runtime.timers (consumer, due);

-- Read models; each row follows from events and can be made anew from them.
CREATE TABLE IF NOT EXISTS runtime.projections (
  projection text NOT NULL,
  key text NOT NULL,
  value json NOT NULL,
  -- The stream whose events the row follows from.
  handler text NOT NULL,
  stream_key text NOT NULL,
  PRIMARY KEY (projection, key)
);
CREATE INDEX IF NOT EXISTS projections_stream ON runtime.projections (handler, stream_key);

CREATE TABLE IF NOT EXISTS runtime.effect_starts (
  consumer text NOT NULL,
  identity uuid NOT NULL,
  token uuid NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (consumer, identity)
);
CREATE INDEX IF NOT EXISTS effect_starts_started ON runtime.effect_starts (started_at);

-- Takes or renews a lane that no broker assigns: it is the owner's until nobody has renewed it for p_time. No row while it is
-- somebody else's.
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

-- Notes that an effect is about to run that must run once at most: 'started', 'started_before' or 'fenced'.
CREATE OR REPLACE FUNCTION runtime.mark_start(
  p_consumer text, p_topic text, p_partition integer, p_epoch bigint, p_identity uuid, p_token uuid
) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  found_token uuid;
BEGIN
  PERFORM FROM runtime.lanes AS l
  WHERE l.consumer = p_consumer AND l.topic = p_topic AND l.partition = p_partition AND l.epoch = p_epoch
  FOR SHARE;
  IF NOT FOUND THEN RETURN 'fenced'; END IF;
  INSERT INTO runtime.effect_starts (consumer, identity, token) VALUES (p_consumer, p_identity, p_token) ON CONFLICT DO NOTHING;
  SELECT token INTO found_token FROM runtime.effect_starts WHERE consumer = p_consumer AND identity = p_identity;
  RETURN CASE WHEN found_token = p_token THEN 'started' ELSE 'started_before' END;
END
$$;

-- Streams by name and answers by identity, in one look.
CREATE OR REPLACE FUNCTION runtime.load_streams(p_consumer text, p_handlers text[], p_keys text[], p_identities uuid[])
RETURNS TABLE (place integer, version bigint, state text, identity uuid, digest uuid, outputs bytea)
LANGUAGE sql STABLE AS $$
  SELECT g.place::integer, s.version, s.state::text, NULL::uuid, NULL::uuid, NULL::bytea
  FROM unnest(p_handlers, p_keys) WITH ORDINALITY AS g (handler, key, place)
  JOIN runtime.streams AS s ON s.handler = g.handler AND s.key = g.key
  UNION ALL
  SELECT NULL, NULL, NULL, i.identity, i.digest, i.outputs
  FROM unnest(p_identities) AS e (identity)
  JOIN runtime.inbox AS i ON i.consumer = p_consumer AND i.identity = e.identity
$$;

-- Writes rows of read models; a NULL value deletes the row.
CREATE OR REPLACE FUNCTION runtime.write_projections(
  r_projections text[], r_keys text[], r_values text[], r_handlers text[], r_stream_keys text[]
) RETURNS void
LANGUAGE sql AS $$
  DELETE FROM runtime.projections AS p USING unnest(r_projections, r_keys, r_values) AS g (projection, key, value)
  WHERE g.value IS NULL AND p.projection = g.projection AND p.key = g.key;
  INSERT INTO runtime.projections (projection, key, value, handler, stream_key)
  SELECT g.projection, g.key, g.value::json, g.handler, g.stream_key
  FROM unnest(r_projections, r_keys, r_values, r_handlers, r_stream_keys) AS g (projection, key, value, handler, stream_key)
  WHERE g.value IS NOT NULL
  ON CONFLICT (projection, key)
  DO UPDATE SET value = excluded.value, handler = excluded.handler, stream_key = excluded.stream_key
$$;

-- Records a batch that does more than answer: everything of it or nothing.
--
-- Rows as of commit_batch, and of kind 'silenced' for each entry that came too late for its deadline claim. Raises OX001 when a stream
-- has another version than expected, or when an entry that changes streams was recorded before: load again and decide anew.
--
-- p_claims: for each entry the timer of the request's deadline, or NULL; p_fires: whether the entry is that deadline's firing.
-- t_entries: the entry that sets the timer, from 1; 0 for timers of streams.
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

-- Deletes closed streams with their events, and start markers, that are older than the retention; at most p_count streams.
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

INSERT INTO onex_migrations (number, name) VALUES (3, 'runtime_journal') ON CONFLICT (number) DO NOTHING;
