-- What agents did, as they report it on the topic agent-actions.
--
-- Partitioned by time from the start, although one default partition holds everything for now: the primary key of a partitioned
-- table must contain the partition column, and changing a key later means rewriting the table while it is being written to.
-- Partitions for days to come can be attached at any time, and then removing old rows is dropping a partition.
--
-- An event keeps its created_at when it is sent again, so (id, created_at) makes a repeat harmless just as id alone would.

-- Which migrations a database has. Every migration puts its own number in, so that the files can also be run one after the other by
-- anything that runs SQL, such as PostgreSQL's init directory; `onexctl migrate` adds the checksum.
CREATE TABLE IF NOT EXISTS onex_migrations (
  number integer PRIMARY KEY,
  name text NOT NULL,
  checksum text,
  applied_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS agent_actions (
  id uuid NOT NULL,
  correlation_id uuid NOT NULL,
  agent_name varchar(255) NOT NULL,
  action_type varchar(50) NOT NULL,
  action_name varchar(255) NOT NULL,
  created_at timestamptz NOT NULL,
  status varchar(50),
  duration_ms integer,
  result text,
  error_message text,
  project_path text,
  project_name varchar(255),
  working_directory text,
  metadata jsonb NOT NULL DEFAULT '{}'::jsonb,
  PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);

CREATE TABLE IF NOT EXISTS agent_actions_default PARTITION OF agent_actions DEFAULT;

CREATE INDEX IF NOT EXISTS agent_actions_created_at_idx ON agent_actions (created_at);
CREATE INDEX IF NOT EXISTS agent_actions_correlation_id_idx ON agent_actions (correlation_id);

COMMENT ON TABLE agent_actions IS 'What agents did; written by agent-actions-consumer from the topic agent-actions.';
COMMENT ON COLUMN agent_actions.metadata IS 'The event''s own metadata; fields without a column are under "extra".';

INSERT INTO onex_migrations (number, name) VALUES (1, 'agent_actions') ON CONFLICT (number) DO NOTHING;
