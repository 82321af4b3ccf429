#!/usr/bin/env bash
# The durable round trip beside the limits of the same box in the same run: client -> requests -> main -> worker -> main -> responses,
# every step of main committed to PostgreSQL, against as many bare hops over the broker and bare batched inserts of the same rows.
#
# All go through a gate (fetch_gate.c): the development broker answers an empty fetch at once. Idle clients then ask it thousands of times
# a second, now and then for a whole second, and a round that meets this measures the broker's two processors and nothing else.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
count=${BENCH_DURABLE:-50000} rounds=${BENCH_DURABLE_ROUNDS:-5} window=8000 batch=2000
# shellcheck source=Benchmarks/lib.sh
. "$repo/Benchmarks/lib.sh"

# The two rows of every request, in batches, by one session.
insert_rows() {
  PGOPTIONS='-c client_min_messages=warning' psql -X -q "$OMNIBASE_INFRA_DB_URL" >/dev/null <<SQL
SELECT \$\$${bare_commit/ROWS/$batch}\$\$ FROM generate_series(1, $count * 2 / $batch)
\gexec
SQL
}

# Microseconds of processor time a request since $2 milliseconds, of the process $1.
processor_us() { echo $((($(processor_ms "$1") - $2) * 1000 / count)); }

prepare
say "durable round trip: $rounds rounds of $count requests, each on a fresh broker and database"
for round in $(seq "$rounds"); do
  fresh_stack infra
  start_gate
  create_runtime_topics
  hops=(hop-0 hop-1 hop-2 hop-3)
  "$bare" create "${hops[@]}"
  create_bench_rows
  beside_hops "$count" "${hops[@]}" rate_of "$count" "$bare" flow hop-0 hop-3 "$count" "$window" >>"$work/hops"
  rate_of "$count" insert_rows >>"$work/inserts"
  start_runtime
  before=("$(processor_ms "$main")" "$(processor_ms "$worker")" "$(processor_ms "$postgres")" "$(processor_ms "$broker")")
  rate_of "$count" "$bare" flow requests responses "$count" "$window" >>"$work/durable"
  processor_us "$main" "${before[0]}" >>"$work/main"
  processor_us "$worker" "${before[1]}" >>"$work/worker"
  processor_us "$postgres" "${before[2]}" >>"$work/postgres"
  processor_us "$broker" "${before[3]}" >>"$work/broker"
  resident_mib "$main" VmHWM >>"$work/resident"
  stop_services
  stop_gate
  say "  round $round: $(tail -1 "$work/durable")/s; bare hops $(tail -1 "$work/hops")/s; bare inserts of its rows $(tail -1 "$work/inserts")/s"
done

heading
row "durable round trip, requests/s (median of $rounds)" "$(median <"$work/durable")" ">= 10000"
row "four bare hops over the broker, requests/s (median)" "$(median <"$work/hops")" "-"
row "bare inserts of its rows, requests/s (median)" "$(median <"$work/inserts")" "-"
for name in main worker postgres broker; do
  row "processor time of $name, microseconds a request (median)" "$(median <"$work/$name")" "-"
done
row "runtime-main, most memory ever resident, MiB" "$(median <"$work/resident")" "< 128"
