#!/usr/bin/env bash
# What every benchmark needs: a stack of its own, services of the release build, medians and a table. Sourced, after $repo is set.

work=$(mktemp -d "${TMPDIR:-/tmp}/onex-bench.XXXXXX")
export ONEX_LOCAL_DIR="$work/stack" ONEX_LOCAL_PORTS=auto
bare="$work/bare_loop"
fetch_gate="$work/fetch_gate"
gate=
services=()

finish() {
  stop_services
  stop_gate
  "$repo/deploy/local/stack" down --purge >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap finish EXIT
# The database server's own user must be able to reach its files in there.
chmod 755 "$work"

say() { printf '%s\n' "$*" >&2; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f\n", a / b }'; }
milliseconds() { date +%s%3N; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

heading() { printf '\n%-62s %12s %12s\n' FIGURE MEASURED LIMIT; }
row() { printf '%-62s %12s %12s\n' "$@"; }

# Builds what is measured and what it is measured against.
prepare() {
  "$repo/deploy/local/install.sh"
  (cd "$repo" && make --no-print-directory release >&2)
  cc -O2 -Wall -Wextra -o "$bare" "$repo/Benchmarks/bare_loop.c" -lrdkafka
  cc -std=c11 -O2 -Wall -Wextra -o "$fetch_gate" "$repo/Benchmarks/fetch_gate.c"
}

# Brings up an empty broker, or broker and database when $1 is infra, and reads their settings. The development broker writes all it
# holds to disk every few seconds, on a core of its own: that thread gets what is left over, since it would measure how much data
# there is. (No other broker has such a thread.)
fresh_stack() {
  local pid task
  "$repo/deploy/local/stack" down --purge >/dev/null 2>&1 || true
  "$repo/deploy/local/stack" up "$1" >/dev/null 2>&1
  # shellcheck disable=SC1091
  . "$ONEX_LOCAL_DIR/stack.env"
  export ONEX_CONTRACTS_DIR="$repo/contracts"
  read -r pid _ <"$ONEX_LOCAL_DIR/pids/broker.pid"
  for task in /proc/"$pid"/task/*; do
    if [ "$(cat "$task/comm")" = autosave ]; then chrt --idle --pid 0 "${task##*/}"; fi
  done
}

# Starts the gate before the fresh stack's broker (fetch_gate.c says what it is for), and leads all clients from here on through it;
# leaves its process in $gate.
start_gate() {
  local port
  read -r port < <(exec "$fetch_gate" "${KAFKA_BOOTSTRAP_SERVERS##*:}")
  gate=$!
  export KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:$port
}

stop_gate() {
  [ -n "$gate" ] || return 0
  kill "$gate" 2>/dev/null || true
  wait "$gate" 2>/dev/null || true
  gate=
}

# Makes the runtime's topics with one partition each, as the bare loops have them.
create_runtime_topics() {
  local topics=() topic
  for topic in requests worker-requests worker-responses effect-requests effect-responses; do topics+=("$topic" "$topic.dlq"); done
  "$bare" create responses "${topics[@]}"
}

# Starts the service $1 and waits until it is ready; leaves its process in $pid and the milliseconds that took in $startup_ms.
start_service() {
  local begin name=$1 port
  port=$(free_port)
  begin=$(milliseconds)
  ONEX_HEALTH_PORT=$port ONEX_LOG_LEVEL=WARNING RUNTIME_MAIN_PORT='' "$repo/.build/release/$name" >>"$work/$name.log" 2>&1 &
  pid=$!
  services+=("$pid")
  until curl -fs -o /dev/null "http://127.0.0.1:$port/ready"; do
    kill -0 "$pid" 2>/dev/null || { say "$name ended:"; tail -5 "$work/$name.log" >&2; exit 1; }
    [ $(($(milliseconds) - begin)) -lt 30000 ] || { say "$name is not ready after 30 s"; exit 1; }
    sleep 0.005
  done
  startup_ms=$(($(milliseconds) - begin))
}

stop_services() {
  [ "${#services[@]}" -gt 0 ] || return 0
  kill "${services[@]}" 2>/dev/null || true
  wait "${services[@]}" 2>/dev/null || true
  services=()
}

# Runs "$@" and prints how many times a second it did $1 things.
rate_of() {
  local begin count=$1
  shift
  begin=$(milliseconds)
  "$@"
  awk -v n="$count" -v t="$(($(milliseconds) - begin))" 'BEGIN { printf "%d\n", n * 1000 / t }'
}

# Four loops that copy from topic to topic, the same hops without a runtime, while "$@" runs: client to main, main to worker, worker to
# main, main to client. They end after $1 records.
beside_hops() {
  local count=$1 loops=() hop
  shift
  for hop in "hop-0 hop-1" "hop-1 hop-2" "hop-2 hop-3" "hop-3 hop-4"; do
    # shellcheck disable=SC2086 # two topics
    "$bare" copy $hop "$count" &
    loops+=("$!")
  done
  "$@"
  for hop in "${loops[@]}"; do wait "$hop" 2>/dev/null || true; done
}

resident_mib() { awk -v what="$2" '$1 == what ":" { print int($2 / 1024) }' "/proc/$1/status"; }

# Milliseconds of processor time of the process $1 and of its children, gone ones included: PostgreSQL's sessions are processes.
processor_ms() {
  cat /proc/"$1"/stat $(pgrep -P "$1" | sed 's|.*|/proc/&/stat|') 2>/dev/null |
    awk -v hertz="$(getconf CLK_TCK)" -v parent="$1" '
      { id = $1; sub(/.*\) /, ""); sum += $12 + $13; if (id == parent) sum += $14 + $15 } END { print int(sum * 1000 / hertz) }'
}
