#!/usr/bin/env bash
# What a durable round trip costs with a large inbox and journal: the rows are spread over two weeks, as the retention keeps them, the
# events over closed streams, as years of work would leave them; up to a million timers wait for their time.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
sizes=${BENCH_GROWTH:-0 1000000 10000000} count=${BENCH_DURABLE:-50000} runs=2000 window=8000
# shellcheck source=Benchmarks/lib.sh
. "$repo/Benchmarks/lib.sh"

# Fills inbox and journal with $1 rows each.
fill_database() {
  [ "$1" -gt 0 ] || return 0
  PGOPTIONS='-c client_min_messages=warning' psql -X -q -v ON_ERROR_STOP=1 -v n="$1" "$OMNIBASE_INFRA_DB_URL" >/dev/null <<'SQL'
SELECT date_trunc('week', now() AT TIME ZONE 'UTC')::date AS week \gset
SELECT format('CREATE TABLE runtime.%I PARTITION OF runtime.inbox FOR VALUES FROM (%L) TO (%L)',
  'inbox_week_' || to_char(week, 'YYYYMMDD'), week, week + 7)
FROM (VALUES (:'week'::date), (:'week'::date - 7)) AS weeks (week)
\gexec
INSERT INTO runtime.inbox (consumer, identity, received_on, topic, partition, record_offset, batch, ordinal, outputs)
SELECT 'onex-runtime-main', gen_random_uuid(), :'week'::date - 7 * (n % 2)::int, 'requests', 0, n,
  '00000000-0000-4000-8000-000000000000', n::int, convert_to(repeat('x', 300), 'UTF8')
FROM generate_series(1, :n) AS n;
INSERT INTO runtime.streams (handler, key, version, state, correlation_id, opened_at, changed_at, closed_at)
SELECT 'steps', 'old-' || n, 10, '{}', gen_random_uuid(), now(), now(), now() FROM generate_series(1, :n / 10) AS n;
INSERT INTO runtime.journal (sequence, stream_number, stream_sequence, type, payload, correlation_id, occurred_at)
SELECT (s.number - 1) * 10 + e, s.number, e, 'step.succeeded', '{"step":"write","output":{"bytes":100}}', s.correlation_id, now()
FROM runtime.streams AS s, generate_series(1, 10) AS e ORDER BY 1;
UPDATE runtime.journal_head SET last = :n;
INSERT INTO runtime.timers (id, consumer, due, handler, key, name, payload)
SELECT gen_random_uuid(), 'onex-runtime-main', now() + interval '1 day' + n * interval '1 millisecond', '', '', 'deadline', ''
FROM generate_series(1, least(:n, 1000000)) AS n;
VACUUM ANALYZE runtime.inbox;
VACUUM ANALYZE runtime.timers;
VACUUM ANALYZE runtime.journal;
VACUUM ANALYZE runtime.streams;
CHECKPOINT;
SQL
}

prepare
cp -r "$repo/contracts" "$work/contracts"
cp -r "$repo/Benchmarks/contracts/." "$work/contracts/handlers"
say "growth: with $sizes rows in the inbox and events in the journal"
for size in $sizes; do
  fresh_stack infra
  create_runtime_topics
  fill_database "$size"
  export ONEX_CONTRACTS_DIR="$work/contracts"
  start_service runtime-main
  echo "$startup_ms" >"$work/startup-$size"
  main=$pid
  start_service runtime-worker
  read -r postgres _ <"$ONEX_LOCAL_DIR/pids/postgres.pid"
  # What is measured comes after the first plans and pages.
  "$bare" flow requests responses 5000 "$window"
  before=$(processor_ms "$postgres")
  rate_of "$count" "$bare" flow requests responses "$count" "$window" >"$work/rate-$size"
  echo $((($(processor_ms "$postgres") - before) * 1000 / count)) >"$work/cost-$size"
  before=$(processor_ms "$postgres")
  rate_of "$runs" "$bare" flow requests responses "$runs" 500 bench.steps >"$work/runs-$size"
  echo $((($(processor_ms "$postgres") - before) * 1000 / runs)) >"$work/run-cost-$size"
  resident_mib "$main" VmHWM >"$work/resident-$size"
  stop_services
  say "  $size: $(cat "$work/rate-$size") requests/s, $(cat "$work/runs-$size") workflow runs/s"
done

heading
for size in $sizes; do
  row "with $size: durable round trips, requests/s" "$(cat "$work/rate-$size")" "flat"
  row "with $size: PostgreSQL, microseconds a request" "$(cat "$work/cost-$size")" "flat"
  row "with $size: workflow runs of three steps/s" "$(cat "$work/runs-$size")" "flat"
  row "with $size: PostgreSQL, microseconds a run" "$(cat "$work/run-cost-$size")" "flat"
  row "with $size: runtime-main to /ready, ms" "$(cat "$work/startup-$size")" "flat"
  row "with $size: runtime-main, most memory ever resident, MiB" "$(cat "$work/resident-$size")" "flat"
done
