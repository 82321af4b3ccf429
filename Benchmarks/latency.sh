#!/usr/bin/env bash
# How long a durable round trip takes at 1,000 requests/s, beside as many bare hops over the same broker: what is between them is the
# runtime's and the database's own.
#
# Both go through a gate (fetch_gate.c). The development broker answers an empty fetch at once and not, as a broker should, when there
# are records or max_wait_ms is over: each idle client then asks thousands of times a second and takes the processor from what is
# measured. The gate waits in the broker's place, for hops and runtime alike. It is not free: its pause and its copies add about a
# millisecond a hop, and its own processor time is a row. Nor does it shorten the bare hops' median, most of which is linger.ms: 2 ms
# in each of five producers.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
seconds=${BENCH_SECONDS:-20} rounds=${BENCH_LATENCY_ROUNDS:-3} rate=1000
# shellcheck source=Benchmarks/lib.sh
. "$repo/Benchmarks/lib.sh"

prepare
say "latency: $rounds rounds of $seconds s at $rate requests/s, each on a fresh broker and database"
for round in $(seq "$rounds"); do
  fresh_stack infra
  start_gate
  before=$(processor_ms "$gate") begin=$(milliseconds)
  create_runtime_topics
  "$bare" create hop-0 hop-1 hop-2 hop-3 hop-4
  read -r bare_p50 bare_p99 < <(beside_hops $((rate * seconds)) "$bare" pace hop-0 hop-4 "$rate" "$seconds")
  start_service runtime-main
  start_service runtime-worker
  read -r p50 p99 < <("$bare" pace requests responses "$rate" "$seconds")
  gate_share=$((($(processor_ms "$gate") - before) * 100 / ($(milliseconds) - begin)))
  stop_services
  stop_gate
  echo "$bare_p50" >>"$work/bare_p50"
  echo "$bare_p99" >>"$work/bare_p99"
  echo "$p50" >>"$work/p50"
  echo "$p99" >>"$work/p99"
  echo "$gate_share" >>"$work/gate_share"
  awk -v a="$p50" -v b="$bare_p50" 'BEGIN { printf "%.1f\n", a - b }' >>"$work/own_p50"
  awk -v a="$p99" -v b="$bare_p99" 'BEGIN { printf "%.1f\n", a - b }' >>"$work/own_p99"
  say "  round $round: p50 $p50 ms, p99 $p99 ms; bare hops p50 $bare_p50 ms, p99 $bare_p99 ms"
done

printf '\nHops and runtime alike through a gate that lets an empty fetch wait, as a broker should.\n'
heading
row "durable round trip at $rate/s, p50 ms (median of $rounds)" "$(median <"$work/p50")" "-"
row "durable round trip at $rate/s, p99 ms (median)" "$(median <"$work/p99")" "-"
row "four bare hops, p50 ms (median)" "$(median <"$work/bare_p50")" "-"
row "four bare hops, p99 ms (median)" "$(median <"$work/bare_p99")" "-"
row "the runtime's own share, p50 ms (median of differences)" "$(median <"$work/own_p50")" "< 3"
row "the runtime's own share, p99 ms (median of differences)" "$(median <"$work/own_p99")" "< 15"
row "processor time of the gate, % of a core (median)" "$(median <"$work/gate_share")" "-"
