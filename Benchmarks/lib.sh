#!/usr/bin/env bash
# What every benchmark needs: a stack of its own, services of the release build, medians and a table. Sourced, after $repo is set.

work=$(mktemp -d "${TMPDIR:-/tmp}/onex-bench.XXXXXX")
export ONEX_LOCAL_DIR="$work/stack" ONEX_LOCAL_PORTS=auto
bare="$work/bare_loop"
fetch_gate="$work/fetch_gate"
no_autosave="$work/no_autosave.so"
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
  cc -std=c11 -O2 -Wall -Wextra -shared -fPIC -o "$no_autosave" "$repo/Benchmarks/no_autosave.c"
}

# Brings up an empty broker that does not save by itself (no_autosave.c), or broker and database when $1 is infra, and reads their
# settings.
fresh_stack() {
  "$repo/deploy/local/stack" down --purge >/dev/null 2>&1 || true
  LD_PRELOAD=$no_autosave "$repo/deploy/local/stack" up "$1" >/dev/null 2>&1
  # shellcheck disable=SC1091
  . "$ONEX_LOCAL_DIR/stack.env"
  export ONEX_CONTRACTS_DIR="$repo/contracts"
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

# One commit of ROWS rows as the inbox has them, without the runtime's functions.
bare_commit="INSERT INTO bench_rows SELECT 'bench', gen_random_uuid(), current_date, NULL, 'requests', 0, n, gen_random_uuid(), n::int, now(), repeat('x', 500)::bytea FROM generate_series(1, ROWS) AS n"

create_bench_rows() {
  psql -X -q "$OMNIBASE_INFRA_DB_URL" \
    -c 'CREATE TABLE bench_rows (LIKE runtime.inbox INCLUDING DEFAULTS, PRIMARY KEY (consumer, identity, received_on))'
}

# Starts the service $1 and waits until it is ready; leaves its process in $pid, its health port in $port and the
# milliseconds that took in $startup_ms.
start_service() {
  local begin name=$1
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

# Starts runtime-main and one worker; leaves their processes in $main and $worker, and those of the servers in $postgres and $broker.
# shellcheck disable=SC2034 # for whoever sources this
start_runtime() {
  start_service runtime-main
  main=$pid
  start_service runtime-worker
  worker=$pid
  read -r postgres _ <"$ONEX_LOCAL_DIR/pids/postgres.pid"
  read -r broker _ <"$ONEX_LOCAL_DIR/pids/broker.pid"
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

# Three loops that copy from topic to topic, as main, the worker and main again do, while a command runs: the same hops without a
# runtime, client to main, main to worker, worker to main, main to client. They end after $1 records. The topics are $2 to $5, the
# command is the rest.
beside_hops() {
  local count=$1 topics=("${@:2:4}") loops=() hop
  shift 5
  for hop in 0 1 2; do
    "$bare" copy "${topics[hop]}" "${topics[hop + 1]}" "$count" &
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

# Milliseconds for which a processor of this machine had work and the host gave it to others, since the start.
stolen_ms() { awk -v hertz="$(getconf CLK_TCK)" '$1 == "cpu" { print int($9 * 1000 / hertz) }' /proc/stat; }
