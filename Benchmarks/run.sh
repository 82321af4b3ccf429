#!/usr/bin/env bash
# `make bench`: every figure beside the raw limit it is measured against, in one run on a broker of its own.
#   BENCH_COUNT   records of a round (100000)     BENCH_ROUNDS   rounds of each, in turn (6)
#   BENCH_SOAK    records of the memory test (1000000)
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
count=${BENCH_COUNT:-100000} rounds=${BENCH_ROUNDS:-6} soak=${BENCH_SOAK:-1000000}
work=$(mktemp -d "${TMPDIR:-/tmp}/onex-bench.XXXXXX")
worker_pid=
export ONEX_LOCAL_DIR="$work/stack" ONEX_LOCAL_PORTS=auto

finish() {
  stop_worker
  "$repo/deploy/local/stack" down --purge >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap finish EXIT

say() { printf '%s\n' "$*" >&2; }

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

milliseconds() { date +%s%3N; }

resident_kib() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }

stop_worker() {
  [ -n "$worker_pid" ] || return 0
  kill "$worker_pid" 2>/dev/null || true
  wait "$worker_pid" 2>/dev/null || true
  worker_pid=
}

# Starts a worker that reads $1 and writes $2; waits for /ready; leaves the milliseconds that took in $startup_ms.
start_worker() {
  local begin
  begin=$(milliseconds)
  ONEX_INPUT_TOPIC=$1 ONEX_OUTPUT_TOPIC=$2 ONEX_GROUP_ID="bench-$1" ONEX_HEALTH_PORT=$health_port ONEX_LOG_LEVEL=WARNING \
    "$repo/.build/release/runtime-worker" >>"$work/worker.log" 2>&1 &
  worker_pid=$!
  until curl -fs -o /dev/null "http://127.0.0.1:$health_port/ready"; do
    kill -0 "$worker_pid" 2>/dev/null || { say "the worker ended:"; tail -5 "$work/worker.log" >&2; exit 1; }
    [ $(($(milliseconds) - begin)) -lt 30000 ] || { say "the worker is not ready after 30 s"; exit 1; }
    sleep 0.005
  done
  startup_ms=$(($(milliseconds) - begin))
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# A broker without data. The development broker writes all it holds to disk every few seconds, on a core of its own: that thread
# gets what is left over, since it would measure how much data there is. (No other broker has such a thread.)
fresh_broker() {
  local pid task
  "$repo/deploy/local/stack" down --purge >&2
  "$repo/deploy/local/stack" up broker >&2
  # shellcheck disable=SC1091
  . "$ONEX_LOCAL_DIR/stack.env"
  read -r pid _ <"$ONEX_LOCAL_DIR/pids/broker.pid"
  for task in /proc/"$pid"/task/*; do
    if [ "$(cat "$task/comm")" = autosave ]; then chrt --idle --pid 0 "${task##*/}"; fi
  done
}

# Runs the loop $1 from in to the topic $2 and prints its rate.
bare_rate() {
  local watcher
  "$work/bare_loop" measure "$2" "$count" >"$work/rate" &
  watcher=$!
  "$work/bare_loop" "$1" in "$2" "$count"
  wait "$watcher"
  cat "$work/rate"
}

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f\n", a / b }'; }

"$repo/deploy/local/install.sh"
(cd "$repo" && make --no-print-directory release >&2)
export ONEX_CONTRACTS_DIR="$repo/contracts"
health_port=$(free_port)
cc -O2 -Wall -Wextra -o "$work/bare_loop" "$repo/Benchmarks/bare_loop.c" -lrdkafka

say "echo path: $rounds rounds of $count records each, in turn, every round on a fresh broker"
for round in $(seq "$rounds"); do
  fresh_broker 2>/dev/null
  "$work/bare_loop" create in copied answered out in.dlq
  "$work/bare_loop" fill in "$count"
  "$work/bare_loop" join in "bare-$round" >>"$work/join"
  # In turn: whoever comes later finds a broker with more data.
  for step in 0 1 2; do
    case $(((round + step) % 3)) in
      0) copied=$(bare_rate copy copied) ;;
      1) answered=$(bare_rate answer answered) ;;
      2)
        start_worker in out
        ours=$("$work/bare_loop" measure out "$count")
        stop_worker
        ;;
    esac
  done
  echo "$startup_ms" >>"$work/startup"
  echo "$copied" >>"$work/copied"
  echo "$answered" >>"$work/answered"
  echo "$ours" >>"$work/worker"
  ratio "$ours" "$answered" >>"$work/ratio"
  ratio "$ours" "$copied" >>"$work/copy_ratio"
  say "  round $round: worker $ours/s, bare loop $answered/s with a response's bytes, $copied/s with the request's"
done

say "memory: resident after start, after $soak records and after twice as many"
fresh_broker 2>/dev/null
"$work/bare_loop" create soak-in soak-out soak-in.dlq
start_worker soak-in soak-out
start_kib=$(resident_kib "$worker_pid")
"$work/bare_loop" flow soak-in soak-out "$soak" 20000
first_kib=$(resident_kib "$worker_pid")
"$work/bare_loop" flow soak-in soak-out "$soak" 20000
second_kib=$(resident_kib "$worker_pid")
stop_worker

printf '\n%-58s %12s %12s\n' FIGURE MEASURED LIMIT
row() { printf '%-58s %12s %12s\n' "$@"; }
row "worker echo, records/s (median)" "$(median <"$work/worker")" "-"
row "bare loop writing as many bytes, records/s (median)" "$(median <"$work/answered")" "-"
row "bare loop writing what it read, records/s (median)" "$(median <"$work/copied")" "-"
row "worker beside the bare loop, same bytes (median of $rounds)" "$(median <"$work/ratio")" ">= 0.35"
row "worker beside the bare loop, bytes as read (median of $rounds)" "$(median <"$work/copy_ratio")" "-"
row "process to /ready, ms (median)" "$(median <"$work/startup")" "< 300"
row "bare consumer joining a new group, ms (median)" "$(median <"$work/join")" "-"
row "resident after start, MiB" "$((start_kib / 1024))" "< 40"
row "resident after $soak records, MiB" "$((first_kib / 1024))" "< 96"
row "resident after $((soak * 2)) records, MiB" "$((second_kib / 1024))" "flat"
