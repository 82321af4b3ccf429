-- Requests are claimed before their handlers run: the same request in two partitions, or a repeat while the first one is under way, runs
-- once. What a request asks for is compared under its own id as well as under an idempotency key.

-- The executions under way. Unlogged: after a crash of the database no handler's answer can be committed under the claims of before,
-- and an effect that was under way may be repeated (delivery: at_least_once).
CREATE UNLOGGED TABLE IF NOT EXISTS runtime.execution_claims (
  consumer text NOT NULL,
  identity uuid NOT NULL,
  digest uuid,
  topic text NOT NULL,
  partition integer NOT NULL,
  record_offset bigint NOT NULL,
  -- The epoch of the record's partition in runtime.lanes: a claim counts while that is the current one.
  epoch bigint NOT NULL,
  claimed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (consumer, identity)
);
COMMENT ON TABLE runtime.execution_claims IS 'Requests whose handlers are running; one row each, until the answer is committed.';

-- Claims executions. One row for each element of the arrays:
--   recorded   the request is answered; digest and outputs say how
--   fenced     the partition belongs to another member
--   claimed    the handler may run
--   held       another record's handler runs under this identity; digest says for what
CREATE OR REPLACE FUNCTION runtime.claim_executions(
  p_consumers text[], p_identities uuid[], p_digests uuid[], p_topics text[], p_partitions integer[], p_offsets bigint[],
  p_epochs bigint[]
) RETURNS TABLE (place integer, kind text, digest uuid, outputs bytea)
LANGUAGE plpgsql SET enable_seqscan = off SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
  -- Of several records with one identity the first one claims. In one order for all, so that two calls never wait for each other.
  INSERT INTO runtime.execution_claims AS c (consumer, identity, digest, topic, partition, record_offset, epoch)
  SELECT DISTINCT ON (g.consumer, g.identity) g.consumer, g.identity, g.digest, g.topic, g.partition, g.record_offset, g.epoch
  FROM unnest(p_consumers, p_identities, p_digests, p_topics, p_partitions, p_offsets, p_epochs) WITH ORDINALITY
    AS g (consumer, identity, digest, topic, partition, record_offset, epoch, place)
  CROSS JOIN LATERAL (
    SELECT FROM runtime.lanes AS l
    WHERE l.consumer = g.consumer AND l.topic = g.topic AND l.partition = g.partition AND l.epoch = g.epoch OFFSET 0) AS live
  ORDER BY g.consumer, g.identity, g.place
  ON CONFLICT (consumer, identity) DO UPDATE
  SET digest = excluded.digest, topic = excluded.topic, partition = excluded.partition, record_offset = excluded.record_offset,
    epoch = excluded.epoch, claimed_at = excluded.claimed_at
  WHERE NOT EXISTS (
    SELECT FROM runtime.lanes AS l
    WHERE l.consumer = c.consumer AND l.topic = c.topic AND l.partition = c.partition AND l.epoch = c.epoch);

  -- Looked at after the claim: an answer that was committed before it counts, and none can follow but the claimant's.
  RETURN QUERY
  SELECT g.place::integer,
    CASE
      WHEN i.outputs IS NOT NULL THEN 'recorded'
      WHEN l.epoch IS DISTINCT FROM g.epoch THEN 'fenced'
      WHEN c.topic = g.topic AND c.partition = g.partition AND c.record_offset = g.record_offset AND c.epoch = g.epoch THEN 'claimed'
      ELSE 'held'
    END,
    CASE WHEN i.outputs IS NOT NULL THEN i.digest ELSE c.digest END, i.outputs
  FROM unnest(p_consumers, p_identities, p_topics, p_partitions, p_offsets, p_epochs) WITH ORDINALITY
    AS g (consumer, identity, topic, partition, record_offset, epoch, place)
  LEFT JOIN LATERAL (
    SELECT one.digest, one.outputs FROM runtime.inbox AS one
    WHERE one.consumer = g.consumer AND one.identity = g.identity LIMIT 1 OFFSET 0) AS i ON true
  LEFT JOIN LATERAL (
    SELECT one.epoch FROM runtime.lanes AS one
    WHERE one.consumer = g.consumer AND one.topic = g.topic AND one.partition = g.partition OFFSET 0) AS l ON true
  LEFT JOIN LATERAL (
    SELECT * FROM runtime.execution_claims AS one
    WHERE one.consumer = g.consumer AND one.identity = g.identity OFFSET 0) AS c ON true;

  -- A claim of an answered request has nothing to protect.
  DELETE FROM runtime.execution_claims AS c
  USING unnest(p_consumers, p_identities) AS g (consumer, identity)
  WHERE c.consumer = g.consumer AND c.identity = g.identity
    AND EXISTS (SELECT FROM runtime.inbox AS i WHERE i.consumer = c.consumer AND i.identity = c.identity);
END
$$;

-- Releases claims that their own records still hold.
CREATE OR REPLACE FUNCTION runtime.release_executions(
  p_consumers text[], p_identities uuid[], p_digests uuid[], p_topics text[], p_partitions integer[], p_offsets bigint[],
  p_epochs bigint[]
) RETURNS void
LANGUAGE sql SET enable_seqscan = off AS $$
  DELETE FROM runtime.execution_claims AS c
  USING unnest(p_consumers, p_identities, p_topics, p_partitions, p_offsets, p_epochs)
    AS g (consumer, identity, topic, partition, record_offset, epoch)
  WHERE c.consumer = g.consumer AND c.identity = g.identity AND c.topic = g.topic AND c.partition = g.partition
    AND c.record_offset = g.record_offset AND c.epoch = g.epoch
$$;

INSERT INTO onex_migrations (number, name) VALUES (8, 'request_identity') ON CONFLICT (number) DO NOTHING;
