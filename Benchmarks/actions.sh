#!/usr/bin/env bash
# How fast agent-actions-consumer writes a backlog, beside what PostgreSQL can take of the same rows (psql: \copy into a staging table,
# then one INSERT … ON CONFLICT DO NOTHING) and beside a plain Python consumer; and how old a row is when it is committed while 1,000 a
# second come.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
count=${BENCH_ACTIONS:-1000000} rounds=${BENCH_ACTIONS_ROUNDS:-3} seconds=${BENCH_SECONDS:-20} rate=1000
# The plain consumer is slow: a part of the rows tells its rate.
reference_count=$((count / 20))
# The gate reads a partition's whole rest for every fetch.
fetched_count=$((count < 300000 ? count : 300000))
# shellcheck source=Benchmarks/lib.sh
. "$repo/Benchmarks/lib.sh"

database() { PGOPTIONS='-c client_min_messages=warning' psql -qXAt -v ON_ERROR_STOP=1 "$OMNIBASE_INFRA_DB_URL" "$@"; }
rows() { database -c 'SELECT count(*) FROM agent_actions'; }
empty_table() { database -c 'TRUNCATE agent_actions' -c CHECKPOINT >/dev/null; }

# The rows as text for \copy and as events, the same ones.
make_rows() {
  database -v n="$count" -v rows="$work/rows" -v events="$work/events" <<'SQL'
SET timezone = 'UTC';
CREATE UNLOGGED TABLE bench_rows AS
SELECT gen_random_uuid() AS id, gen_random_uuid() AS correlation_id, 'agent-' || n % 50 AS agent_name, 'tool_call' AS action_type,
  'search' AS action_name, now() - n * interval '100 microseconds' AS created_at, 'ok' AS status, (n % 1000)::int AS duration_ms,
  'The agent searched the repository for usages of the parser; found 14 files, 3 of them in tests, and read one.' AS result,
  '/home/ada/projects/example' AS project_path, '{"model": "m-1", "tokens": {"in": 812, "out": 93}}'::jsonb AS metadata
FROM generate_series(1, :n) AS n;
SQL
  database -c '\copy bench_rows to '"$work/rows"
  database -c 'SET timezone = UTC' -c "\copy (SELECT row_to_json(r) FROM bench_rows AS r) to $work/events"
  database -c 'DROP TABLE bench_rows'
}

# One transaction, as a loader would have it.
load_bare() {
  database <<SQL
BEGIN;
CREATE TEMP TABLE staging (id uuid, correlation_id uuid, agent_name text, action_type text, action_name text, created_at timestamptz,
  status text, duration_ms integer, result text, project_path text, metadata jsonb) ON COMMIT DROP;
\\copy staging from $work/rows
INSERT INTO agent_actions (id, correlation_id, agent_name, action_type, action_name, created_at, status, duration_ms, result, project_path,
  metadata)
SELECT * FROM staging ON CONFLICT DO NOTHING;
COMMIT;
SQL
}

start_consumer() {
  export OMNIBASE_INFRA_AGENT_ACTIONS_KAFKA_GROUP_ID="bench-$RANDOM$RANDOM"
  start_service agent-actions-consumer
}

# Its own count: asking the table again and again would be work for the database.
written() { curl -fs "http://127.0.0.1:$port/metrics" | awk '/^onex_observability_rows_total/ { n += $2 } END { print n + 0 }'; }

write_backlog() {
  start_consumer
  until [ "$(written)" -ge "$1" ]; do
    kill -0 "$pid" 2>/dev/null || { say "agent-actions-consumer ended:"; tail -5 "$work/agent-actions-consumer.log" >&2; exit 1; }
    sleep 0.05
  done
}

prepare
python3 -m venv "$work/python"
"$work/python/bin/pip" install -q --disable-pip-version-check -r "$repo/Benchmarks/reference/requirements.txt"
say "actions: $rounds rounds of $count rows"
fresh_stack infra
"$repo/.build/release/topic-manager" apply >/dev/null
make_rows
"$bare" lines agent-actions "$work/events"
for round in $(seq "$rounds"); do
  empty_table
  rate_of "$count" load_bare >"$work/bare"
  empty_table
  rate_of "$count" write_backlog "$count" >"$work/own"
  resident_mib "$pid" VmHWM >>"$work/resident"
  awk -v n="$count" -v hertz="$(getconf CLK_TCK)" '{ printf "%.1f\n", ($14 + $15) / hertz * 1e6 / n }' "/proc/$pid/stat" >>"$work/cost"
  stop_services
  [ "$(rows)" = "$count" ] || { say "the table has $(rows) rows, not $count"; exit 1; }
  cat "$work/bare" >>"$work/bares"
  cat "$work/own" >>"$work/owns"
  ratio "$(cat "$work/own")" "$(cat "$work/bare")" >>"$work/ratios"
  say "  round $round: $(cat "$work/own") rows/s, psql $(cat "$work/bare")"
done
empty_table
rate_of "$reference_count" "$work/python/bin/python" "$repo/Benchmarks/reference/consumer.py" agent-actions "$reference_count" >"$work/reference"

# When a row was committed, PostgreSQL itself says. Through the gate, since a broker that answers empty fetches at once takes the processor
# away (fetch_gate.c); without the first second. The gate also keeps to the size of a fetch, which memory depends on.
fresh_stack infra
start_gate
"$repo/.build/release/topic-manager" apply >/dev/null
database -c 'ALTER SYSTEM SET track_commit_timestamp = on'
"$repo/deploy/local/stack" restart postgres >/dev/null 2>&1
start_consumer
"$bare" events agent-actions "$rate" "$seconds"
until [ "$(rows)" -ge $((rate * seconds)) ]; do sleep 0.2; done
database -F ' ' >"$work/lag" <<'SQL'
SELECT round(percentile_cont(0.5) WITHIN GROUP (ORDER BY ms)::numeric, 1), round(percentile_cont(0.99) WITHIN GROUP (ORDER BY ms)::numeric, 1)
FROM (SELECT extract(epoch FROM pg_xact_commit_timestamp(xmin) - created_at) * 1000 AS ms FROM agent_actions
  WHERE created_at > (SELECT min(created_at) + interval '1 second' FROM agent_actions)) AS ages;
SQL
read -r p50 p99 <"$work/lag"
steady=$(resident_mib "$pid" VmHWM)
stop_services

# A backlog once more, now in fetches of the size that was asked for.
head -n "$fetched_count" "$work/events" >"$work/some"
"$bare" lines agent-actions "$work/some"
write_backlog "$fetched_count"
fetched=$(resident_mib "$pid" VmHWM)

heading
row "backlog of $count rows, rows/s (median of $rounds)" "$(median <"$work/owns")" "> 80000"
row "psql, rows/s (median)" "$(median <"$work/bares")" "-"
row "ratio (median of pairs)" "$(median <"$work/ratios")" "> 0.7"
row "processor time of the consumer, microseconds a row (median)" "$(median <"$work/cost")" "-"
row "its most memory with $rate rows/s, MiB" "$steady" "< 96"
row "with a backlog of $fetched_count rows, MiB" "$fetched" "< 96"
row "when the broker sends a whole partition at once, MiB (largest)" "$(sort -n "$work/resident" | tail -1)" "-"
row "a plain Python consumer, rows/s ($reference_count rows)" "$(cat "$work/reference")" "-"
row "at $rate rows/s, from event to commit, p50 ms" "$p50" "-"
row "at $rate rows/s, from event to commit, p99 ms" "$p99" "< 100"
