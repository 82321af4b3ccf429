#!/usr/bin/env bash
# `make bench`: every figure beside the raw limit that it is measured against, in the same run. Names run some: run.sh durable latency
#   BENCH_COUNT     records of a round of echo (100000)       BENCH_ROUNDS           its rounds (6)
#   BENCH_SOAK      records of its memory test (1000000)
#   BENCH_DURABLE   requests of a durable round (50000)       BENCH_DURABLE_ROUNDS   its rounds (5)
#   BENCH_SECONDS   length of a latency half-round (6)        BENCH_LATENCY_ROUNDS   its rounds (9)
#   GATE_PAUSE_US   pause between a latency round's questions to the broker for records, in microseconds (20000)
#   BENCH_GROWTH    rows in the inbox and events in the journal before measuring ("0 1000000 10000000")
#   BENCH_ACTIONS   rows of a round of agent-actions-consumer (1000000)   BENCH_ACTIONS_ROUNDS its rounds (3)
#   BENCH_REDACTION events of a redaction round (100000)      BENCH_REDACTION_ROUNDS its rounds (3)
set -euo pipefail

folder=$(dirname "${BASH_SOURCE[0]}")
[ $# -gt 0 ] || set -- echo durable latency growth actions redaction
for name in "$@"; do
  [ -f "$folder/$name.sh" ] || { echo "no benchmark $name; there are: echo durable latency growth actions redaction" >&2; exit 64; }
  "$folder/$name.sh"
done
