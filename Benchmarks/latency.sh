#!/usr/bin/env bash
# How long a durable round trip takes at 1,000 requests/s, beside as many bare hops over the same broker: what is between them is the
# runtime's and the database's own.
#
# Both go through a gate (fetch_gate.c). The development broker answers an empty fetch at once and not, as a broker should, when there
# are records or max_wait_ms is over: each idle client then asks thousands of times a second and takes the processor from what is
# measured. The gate waits in the broker's place, for hops and runtime alike. It is not free: its copies are one process more in every
# hop, and its processor time is a row.
#
# Beside it stands what the trip needs whatever the runtime does: the same hops, while the database commits the trip's rows bare, four at
# a time by two sessions, and two such commits for each request.
#
# The same client asks on both sides, and gathers its requests for 2 ms; the loops of the bare hops send as the services do, at once.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
seconds=${BENCH_SECONDS:-6} rounds=${BENCH_LATENCY_ROUNDS:-9} rate=1000
# shellcheck source=Benchmarks/lib.sh
. "$repo/Benchmarks/lib.sh"
# shellcheck source=deploy/local/lib/tools.sh
REPO=$repo . "$repo/deploy/local/lib/tools.sh"

# Commits the rows of $1 seconds of requests and prints the milliseconds of each commit. pgbench tells its time and how late it began.
commit_bare() {
  echo "${bare_commit/ROWS/4}" >"$work/commit.sql"
  "$pgbench" -n -M prepared -c 2 -j 2 -R "$((rate * 2 / 4))" -T "$1" -f "$work/commit.sql" -l --log-prefix="$work/commits" \
    "$OMNIBASE_INFRA_DB_URL" >"$work/pgbench.log" 2>&1
  awk '{ print ($3 - $7) / 1000 }' "$work"/commits.*
  rm "$work"/commits.*
}

bare_hops() { beside_hops $((rate * seconds)) "$@" "$bare" pace "$1" "$4" "$rate" "$seconds"; }

prepare
pgbench=$(postgres_bin_dir)/pgbench
say "latency: $rounds rounds at $rate requests/s, $seconds s each of bare hops, of hops beside bare commits, and of round trips"
# Short rounds and many: what others do on the machine then meets both sides of a pair, or is outvoted. Each on a fresh broker: what a
# request costs the development broker grows with what its topics hold.
for round in $(seq "$rounds"); do
  fresh_stack infra
  start_gate
  create_runtime_topics
  hops=(hop-{0..3}) floor=(floor-{0..3})
  "$bare" create "${hops[@]}" "${floor[@]}"
  create_bench_rows
  read -r bare_p50 bare_p99 < <(bare_hops "${hops[@]}")
  commit_bare "$seconds" >"$work/commit_ms" &
  commits=$!
  read -r floor_p50 _ < <(bare_hops "${floor[@]}")
  wait "$commits"
  commit_p50=$(median <"$work/commit_ms")
  start_runtime
  before=$(processor_ms "$gate") stolen=$(stolen_ms) begin=$(milliseconds)
  read -r p50 p99 < <("$bare" pace requests responses "$rate" "$seconds")
  length=$(($(milliseconds) - begin))
  gate_share=$((($(processor_ms "$gate") - before) * 100 / length)) stolen_share=$((($(stolen_ms) - stolen) * 100 / length))
  stop_services
  stop_gate
  echo "$stolen_share $p50 $p99 $bare_p50 $bare_p99 $gate_share $floor_p50 $commit_p50" >>"$work/rounds"
  say "  round $round: p50 $p50 ms, p99 $p99 ms; bare hops p50 $bare_p50 ms, p99 $bare_p99 ms; beside bare commits of $commit_p50 ms p50 $floor_p50 ms; stolen $stolen_share %"
done

# The median, over the rounds of $1, of an expression over their columns: 1 stolen, 2 p50, 3 p99, 4 and 5 the bare hops', 6 gate,
# 7 the hops beside bare commits, 8 those.
of_rounds() { awk "{ printf \"%.1f\\n\", $2 }" "$1" | median; }

table() {
  local count
  count=$(wc -l <"$1")
  printf '\n%s\n' "$2"
  [ "$count" -gt 0 ] || { echo "There was none."; return; }
  heading
  row "durable round trip at $rate/s, p50 ms (median of $count)" "$(of_rounds "$1" '$2')" "-"
  row "durable round trip at $rate/s, p99 ms (median)" "$(of_rounds "$1" '$3')" "-"
  row "four bare hops, p50 ms (median)" "$(of_rounds "$1" '$4')" "-"
  row "four bare hops, p99 ms (median)" "$(of_rounds "$1" '$5')" "-"
  row "the runtime's own share, p50 ms (median of differences)" "$(of_rounds "$1" '$2 - $4')" "< 3"
  row "the runtime's own share, p99 ms (median of differences)" "$(of_rounds "$1" '$3 - $5')" "< 15"
  row "raw limits: hops beside bare commits, and two of these, p50 ms" "$(of_rounds "$1" '$7 + 2 * $8')" "-"
  row "the runtime's own share beyond these, p50 ms (median)" "$(of_rounds "$1" '$2 - $7 - 2 * $8')" "-"
  row "processor time of the gate, % of a core (median)" "$(of_rounds "$1" '$6')" "-"
  row "processor time the host gave to others, % of a core (median)" "$(of_rounds "$1" '$1')" "-"
}

awk '$1 < 5' "$work/rounds" >"$work/quiet"
table "$work/rounds" "All rounds. Hops and runtime alike go through a gate that lets an empty fetch wait, as a broker should."
table "$work/quiet" "The rounds in which the host took less than 5 % of a core away."
