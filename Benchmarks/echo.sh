#!/usr/bin/env bash
# The echo path of a worker beside a bare librdkafka loop: records a second, memory, and the time to ready.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
count=${BENCH_COUNT:-100000} rounds=${BENCH_ROUNDS:-6} soak=${BENCH_SOAK:-1000000}
# shellcheck source=Benchmarks/lib.sh
. "$repo/Benchmarks/lib.sh"

# Starts a worker that reads $1 and writes $2.
start_worker() { ONEX_INPUT_TOPIC=$1 ONEX_OUTPUT_TOPIC=$2 ONEX_GROUP_ID="bench-$1" start_service runtime-worker; }

# Runs the loop $1 from in to the topic $2 and prints its rate.
bare_rate() {
  local watcher
  "$bare" measure "$2" "$count" >"$work/rate" &
  watcher=$!
  "$bare" "$1" in "$2" "$count"
  wait "$watcher"
  cat "$work/rate"
}

prepare
say "echo path: $rounds rounds of $count records each, in turn, every round on a fresh broker"
for round in $(seq "$rounds"); do
  fresh_stack broker
  "$bare" create in copied answered out in.dlq
  "$bare" fill in "$count"
  "$bare" join in "bare-$round" >>"$work/join"
  # In turn: whoever comes later finds a broker with more data.
  for step in 0 1 2; do
    case $(((round + step) % 3)) in
      0) copied=$(bare_rate copy copied) ;;
      1) answered=$(bare_rate answer answered) ;;
      2)
        start_worker in out
        ours=$("$bare" measure out "$count")
        stop_services
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
fresh_stack broker
"$bare" create soak-in soak-out soak-in.dlq
start_worker soak-in soak-out
start_mib=$(resident_mib "$pid" VmRSS)
"$bare" flow soak-in soak-out "$soak" 20000
first_mib=$(resident_mib "$pid" VmRSS)
"$bare" flow soak-in soak-out "$soak" 20000
second_mib=$(resident_mib "$pid" VmRSS)
stop_services

heading
row "worker echo, records/s (median)" "$(median <"$work/worker")" "-"
row "bare loop writing as many bytes, records/s (median)" "$(median <"$work/answered")" "-"
row "bare loop writing what it read, records/s (median)" "$(median <"$work/copied")" "-"
row "worker beside the bare loop, same bytes (median of $rounds)" "$(median <"$work/ratio")" ">= 0.35"
row "worker beside the bare loop, bytes as read (median of $rounds)" "$(median <"$work/copy_ratio")" "-"
row "process to /ready, ms (median)" "$(median <"$work/startup")" "< 300"
row "bare consumer joining a new group, ms (median)" "$(median <"$work/join")" "-"
row "resident after start, MiB" "$start_mib" "< 40"
row "resident after $soak records, MiB" "$first_mib" "< 96"
row "resident after $((soak * 2)) records, MiB" "$second_mib" "flat"
