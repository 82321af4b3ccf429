#!/usr/bin/env bash
# The durable round trip beside the limits of the same box in the same run: client -> requests -> main -> worker -> main -> responses,
# every step of main committed to PostgreSQL, against as many bare hops over the broker and bare batched inserts of the same rows.
#   BENCH_DURABLE   requests of a round (50000)     BENCH_DURABLE_ROUNDS   rounds, in turn (3)
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
count=${BENCH_DURABLE:-50000} rounds=${BENCH_DURABLE_ROUNDS:-3} window=8000 batch=2000
work=$(mktemp -d "${TMPDIR:-/tmp}/onex-durable.XXXXXX")
export ONEX_LOCAL_DIR="$work/stack" ONEX_LOCAL_PORTS=auto
pids=()

finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  "$repo/deploy/local/stack" down --purge >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap finish EXIT

say() { printf '%s\n' "$*" >&2; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
milliseconds() { date +%s%3N; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# Starts the service $1 and leaves its process in $pid.
start() {
  local port name=$1
  port=$(free_port)
  ONEX_CONTRACTS_DIR="$repo/contracts" ONEX_HEALTH_PORT=$port ONEX_LOG_LEVEL=WARNING RUNTIME_MAIN_PORT='' \
    "$repo/.build/release/$name" >>"$work/$name.log" 2>&1 &
  pid=$!
  pids+=("$pid")
  for _ in $(seq 600); do
    curl -fs -o /dev/null "http://127.0.0.1:$port/ready" && return 0
    kill -0 "$pid" 2>/dev/null || { say "$name ended:"; tail -5 "$work/$name.log" >&2; exit 1; }
    sleep 0.05
  done
  say "$name is not ready after 30 s"
  exit 1
}

# Sends $count requests to $1, never more than the window ahead of what comes to $2, and prints the rate.
flow_rate() {
  local begin
  begin=$(milliseconds)
  "$work/bare_loop" flow "$1" "$2" "$count" "$window"
  awk -v n="$count" -v t="$(($(milliseconds) - begin))" 'BEGIN { printf "%d\n", n * 1000 / t }'
}

# Three loops that copy from topic to topic: the same hops without a runtime.
hops_rate() {
  local loops=()
  for hop in "hop-0 hop-1" "hop-1 hop-2" "hop-2 hop-3" "hop-3 hop-4"; do
    # shellcheck disable=SC2086 # two topics
    "$work/bare_loop" copy $hop "$count" &
    loops+=("$!")
  done
  flow_rate hop-0 hop-4
  for loop in "${loops[@]}"; do wait "$loop" 2>/dev/null || true; done
}

# The two rows of every request, in batches, by one session.
insert_rate() {
  local begin
  begin=$(milliseconds)
  PGOPTIONS='-c client_min_messages=warning' psql -X -q "$OMNIBASE_INFRA_DB_URL" >/dev/null <<SQL
TRUNCATE bench_rows;
SELECT format(
  'INSERT INTO bench_rows SELECT ''bench'', gen_random_uuid(), current_date, NULL, ''requests'', 0, n, gen_random_uuid(), n::int, now(), repeat(''x'', 500)::bytea FROM generate_series(1, %s) AS n',
  $batch) FROM generate_series(1, $count * 2 / $batch)
\gexec
SQL
  awk -v n="$count" -v t="$(($(milliseconds) - begin))" 'BEGIN { printf "%d\n", n * 1000 / t }'
}

"$repo/deploy/local/install.sh"
cc -O2 -Wall -Wextra -o "$work/bare_loop" "$repo/Benchmarks/bare_loop.c" -lrdkafka
say "durable round trip: $rounds rounds of $count requests, each on a fresh broker"
for round in $(seq "$rounds"); do
  "$repo/deploy/local/stack" down --purge >/dev/null 2>&1 || true
  "$repo/deploy/local/stack" up infra >/dev/null 2>&1
  # shellcheck disable=SC1091
  . "$ONEX_LOCAL_DIR/stack.env"
  unset ONEX_CONTRACTS_DIR
  read -r broker _ <"$ONEX_LOCAL_DIR/pids/broker.pid"
  for task in /proc/"$broker"/task/*; do
    if [ "$(cat "$task/comm")" = autosave ]; then chrt --idle --pid 0 "${task##*/}"; fi
  done
  # One partition each, as the bare loops have it.
  "$work/bare_loop" create requests responses worker-requests worker-responses effect-requests effect-responses \
    requests.dlq worker-requests.dlq worker-responses.dlq effect-responses.dlq
  "$work/bare_loop" create hop-0 hop-1 hop-2 hop-3 hop-4
  psql -X -q "$OMNIBASE_INFRA_DB_URL" -c 'CREATE TABLE bench_rows (LIKE runtime.inbox INCLUDING DEFAULTS, PRIMARY KEY (consumer, identity, received_on))'
  hops_rate >>"$work/hops"
  insert_rate >>"$work/inserts"
  pids=()
  start runtime-main
  main=$pid
  start runtime-worker
  flow_rate requests responses >>"$work/durable"
  awk '/^VmHWM/ { print int($2 / 1024) }' "/proc/$main/status" >>"$work/resident"
  for pid in "${pids[@]}"; do kill "$pid"; done
  wait "${pids[@]}" 2>/dev/null || true
  say "  round $round: $(tail -1 "$work/durable")/s; bare hops $(tail -1 "$work/hops")/s; bare inserts of its rows $(tail -1 "$work/inserts")/s"
done

row() { printf '%-58s %12s %12s\n' "$@"; }
printf '\n%-58s %12s %12s\n' FIGURE MEASURED LIMIT
row "durable round trip, requests/s (median of $rounds)" "$(median <"$work/durable")" ">= 10000"
row "four bare hops over the broker, requests/s (median)" "$(median <"$work/hops")" "-"
row "bare inserts of its rows, requests/s (median)" "$(median <"$work/inserts")" "-"
row "runtime-main, most memory ever resident, MiB" "$(median <"$work/resident")" "< 128"
