#!/usr/bin/env bash
# What redaction costs: nanoseconds for a text alone, and the consumer's processor time with and without it, in turn in one run.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
count=${BENCH_REDACTION:-100000} rounds=${BENCH_REDACTION_ROUNDS:-3}
# shellcheck source=Benchmarks/lib.sh
. "$repo/Benchmarks/lib.sh"

prepare
say "one text alone:"
swiftc -O "$repo"/Libraries/OnexObservability/Privacy/{RedactionKind,SecretName,TextScanner*,Redactor}.swift \
  "$repo"/Benchmarks/redaction/main.swift -o "$work/redaction"
"$work/redaction"

fresh_stack infra

python3 - "$count" >"$work/events" <<'PYTHON'
import json, sys, uuid
result = ("The agent searched the repository for usages of the parser; found 14 files, 3 of them in tests. Step 2: read "
          "src/parser/main.swift (412 lines) and compare with docs/guide.md. Result = ok, next: write a patch and run make test-unit.")
for n in range(int(sys.argv[1])):
    found = " Sent to joe@example.com with password=hunter2." if n % 10 == 0 else ""
    print(json.dumps({
        "id": str(uuid.uuid4()), "correlation_id": str(uuid.uuid4()), "agent_name": "planner", "action_type": "tool_call",
        "action_name": "search", "created_at": "2026-11-21T03:48:54.123456Z", "status": "ok", "duration_ms": n % 1000,
        "result": result + found, "project_path": "/home/ada/projects/example", "working_directory": "/home/ada/projects/example/src",
        "metadata": {"model": "m-1", "tokens": {"in": 812, "out": 93}, "note": "second try after a time-out"}}))
PYTHON
"$bare" lines agent-actions "$work/events"

# Reads everything with redaction $1 and prints the consumer's processor time, in microseconds an event: unlike the rate, it does not
# depend on what else the machine does, and it leaves the database out, so that the share of redaction comes out larger, not smaller.
cost() {
  local port rows=0
  port=$(free_port)
  psql -qX "$OMNIBASE_INFRA_DB_URL" -c 'TRUNCATE agent_actions' >/dev/null
  OMNIBASE_INFRA_AGENT_ACTIONS_REDACTION_ENABLED=$1 OMNIBASE_INFRA_AGENT_ACTIONS_KAFKA_GROUP_ID="bench-$RANDOM$RANDOM" \
    OMNIBASE_INFRA_AGENT_ACTIONS_TOPICS=agent-actions OMNIBASE_INFRA_AGENT_ACTIONS_BATCH_SIZE=2000 \
    OMNIBASE_INFRA_AGENT_ACTIONS_HEALTH_CHECK_PORT=$port ONEX_LOG_LEVEL=WARNING "$repo/.build/release/agent-actions-consumer" >>"$work/log" 2>&1 &
  pid=$!
  services=("$pid")
  while [ "$rows" -lt "$count" ]; do
    kill -0 "$pid" 2>/dev/null || { say "agent-actions-consumer ended:"; tail -5 "$work/log" >&2; exit 1; }
    rows=$(curl -fs "http://127.0.0.1:$port/metrics" | awk '/^onex_observability_rows_total/ { n += $2 } END { print n + 0 }' || true)
    rows=${rows:-0}
    sleep 0.1
  done
  awk -v n="$count" -v hz="$(getconf CLK_TCK)" '{ printf "%.2f\n", ($14 + $15) / hz * 1e6 / n }' "/proc/$pid/stat"
  stop_services
}

cost true >/dev/null # warms up
for _ in $(seq "$rounds"); do
  cost false >>"$work/without"
  cost true >>"$work/with"
done
without=$(median <"$work/without") with=$(median <"$work/with")
heading
row "consumer without redaction, microseconds an event (median)" "$without" "-"
row "consumer with redaction, microseconds an event (median)" "$with" "-"
row "share of redaction" "$(awk -v a="$with" -v b="$without" 'BEGIN { printf "%.3f\n", (a - b) / a }')" "< 0.15"
