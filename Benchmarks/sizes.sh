#!/usr/bin/env bash
# What a request, an event of the journal and an event of an agent weigh: bytes in PostgreSQL with all indexes, bytes of its
# write-ahead log, processor time of each process; and how long a dump and a restore of all of it take. docs/scale.md counts with these.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
count=${BENCH_SIZES:-100000} runs=2000 window=4000
# shellcheck source=Benchmarks/lib.sh
. "$repo/Benchmarks/lib.sh"

database() { psql -qXAt -v ON_ERROR_STOP=1 "$OMNIBASE_INFRA_DB_URL" "$@"; }
each() { awk -v bytes="$1" -v n="$2" 'BEGIN { printf "%.0f\n", bytes / n }'; }

# Bytes of a table, its partitions and all of their indexes.
table_bytes() {
  database -c "SELECT sum(pg_total_relation_size(relid)) FROM (SELECT '$1'::regclass AS relid UNION SELECT relid FROM pg_partition_tree('$1')) AS all_of_it"
}
index_bytes() { database -c "SELECT sum(pg_indexes_size(relid)) FROM pg_partition_tree('$1')"; }
wal_position() { database -c 'SELECT pg_current_wal_lsn()'; }
# Since $1. Without a checkpoint in between, whole pages are not written again and again: the least that there is.
wal_bytes() { database -c "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '$1')"; }

measure_requests() {
  local before=() after=() wal name i
  "$bare" flow requests responses 5000 "$window"
  local rows_before bytes_before
  rows_before=$(database -c 'SELECT count(*) FROM runtime.inbox') bytes_before=$(table_bytes runtime.inbox)
  wal=$(wal_position)
  for name in "${processes[@]}"; do before+=("$(processor_ms "$name")"); done
  "$bare" flow requests responses "$count" "$window"
  for name in "${processes[@]}"; do after+=("$(processor_ms "$name")"); done
  wal_bytes "$wal" >"$work/request-wal"
  database -c "SELECT count(*) - $rows_before FROM runtime.inbox" >"$work/rows"
  each "$(($(table_bytes runtime.inbox) - bytes_before))" "$(cat "$work/rows")" >"$work/inbox-row"
  each "$(cat "$work/request-wal")" "$count" >"$work/request-wal-each"
  each "$(index_bytes runtime.inbox)" "$(database -c 'SELECT count(*) FROM runtime.inbox')" >"$work/inbox-index"
  for i in 0 1 2 3; do echo $(((after[i] - before[i]) * 1000 / count)) >"$work/processor-$i"; done
}

measure_runs() {
  local wal
  wal=$(wal_position)
  "$bare" flow requests responses "$runs" 500 bench.steps
  each "$(wal_bytes "$wal")" "$runs" >"$work/run-wal"
  database -c 'VACUUM runtime.streams, runtime.journal, runtime.projections'
  database -c "SELECT round(count(*)::numeric / $runs, 1) FROM runtime.journal" >"$work/run-events"
  each "$(table_bytes runtime.journal)" "$(database -c 'SELECT count(*) FROM runtime.journal')" >"$work/journal-event"
  each "$(($(table_bytes runtime.streams) + $(table_bytes runtime.projections)))" "$runs" >"$work/run-state"
}

measure_actions() {
  local wal
  database -v n="$count" <<'SQL' >"$work/events"
SELECT json_build_object('id', gen_random_uuid(), 'correlation_id', gen_random_uuid(), 'agent_name', 'agent-' || n % 50,
  'action_type', 'tool_call', 'action_name', 'search', 'created_at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
  'status', 'ok', 'duration_ms', n % 1000, 'project_path', '/home/ada/projects/example', 'result',
  'The agent searched the repository for usages of the parser; found 14 files, 3 of them in tests, and read one.',
  'metadata', json_build_object('model', 'm-1', 'tokens', 900))
FROM generate_series(1, :n) AS n;
SQL
  each "$(wc -c <"$work/events")" "$count" >"$work/action-event"
  wal=$(wal_position)
  "$bare" lines agent-actions "$work/events"
  until [ "$(database -c 'SELECT count(*) FROM agent_actions')" -ge "$count" ]; do sleep 0.2; done
  each "$(wal_bytes "$wal")" "$count" >"$work/action-wal"
  each "$(table_bytes agent_actions)" "$count" >"$work/action-row"
}

measure_restore() {
  local begin
  begin=$(milliseconds)
  pg_dump --format=custom --file="$work/dump" "$OMNIBASE_INFRA_DB_URL"
  echo $(($(milliseconds) - begin)) >"$work/dump-ms"
  database -c 'CREATE DATABASE trial'
  begin=$(milliseconds)
  pg_restore --exit-on-error --no-owner --dbname="${OMNIBASE_INFRA_DB_URL%/*}/trial" "$work/dump"
  echo $(($(milliseconds) - begin)) >"$work/restore-ms"
  database -c 'SELECT pg_database_size(current_database()) / 1000000' >"$work/database-mb"
}

prepare
cp -r "$repo/contracts" "$work/contracts"
cp -r "$repo/Benchmarks/contracts/." "$work/contracts/handlers"
fresh_stack infra
create_runtime_topics
"$bare" create agent-actions agent-actions.dlq
export ONEX_CONTRACTS_DIR="$work/contracts"
start_runtime
processes=("$main" "$worker" "$postgres" "$broker")
say "sizes: $count echo requests, $runs runs of three steps, $count events of agents"
measure_requests
measure_runs
export OMNIBASE_INFRA_AGENT_ACTIONS_TOPICS=agent-actions OMNIBASE_INFRA_AGENT_ACTIONS_HEALTH_CHECK_PORT
OMNIBASE_INFRA_AGENT_ACTIONS_HEALTH_CHECK_PORT=$(free_port)
"$repo/.build/release/agent-actions-consumer" >>"$work/consumer.log" 2>&1 &
services+=("$!")
measure_actions
measure_restore

heading
row "inbox: rows a request" "$(awk -v n="$count" '{ printf "%.2f", $1 / n }' "$work/rows")" "-"
row "inbox: bytes a row, with its indexes" "$(cat "$work/inbox-row")" "-"
row "inbox: bytes a row of its indexes alone" "$(cat "$work/inbox-index")" "-"
row "write-ahead log: bytes a request" "$(cat "$work/request-wal-each")" "-"
i=0
for name in runtime-main runtime-worker PostgreSQL broker; do
  row "processor time of $name, microseconds a request" "$(cat "$work/processor-$i")" "-"
  i=$((i + 1))
done
row "journal: events a run of three steps" "$(cat "$work/run-events")" "-"
row "journal: bytes an event, with its indexes" "$(cat "$work/journal-event")" "-"
row "state and read model: bytes a run, with their indexes" "$(cat "$work/run-state")" "-"
row "write-ahead log: bytes a run" "$(cat "$work/run-wal")" "-"
row "agent_actions: bytes of an event on its topic" "$(cat "$work/action-event")" "-"
row "agent_actions: bytes a row, with its indexes" "$(cat "$work/action-row")" "-"
row "write-ahead log: bytes a row of agent_actions" "$(cat "$work/action-wal")" "-"
row "database in all, MB" "$(cat "$work/database-mb")" "-"
row "its dump, ms ($(($(stat -c %s "$work/dump") / 1000000)) MB)" "$(cat "$work/dump-ms")" "-"
row "its restore, ms" "$(cat "$work/restore-ms")" "-"
