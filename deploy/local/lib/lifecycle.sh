# Bringing components up in phases and down in the opposite order.

# What this command has started so far, for an interrupt to take back.
STARTED=()

bring_up() {
  local name stopped=()
  mkdir -p "$STATE/pids" "$STATE/logs" "$STATE/broker"
  chmod 700 "$STATE/pids" "$STATE/logs" "$STATE/broker"
  # Of a stack from before.
  find "$STATE/pids" "$STATE/logs" "$STATE/broker" -type f -perm /077 -exec chmod go= {} +
  stop_surplus_workers
  for name in "$@"; do
    is_running "$name" || stopped+=("$name")
  done
  ((${#stopped[@]} > 0)) || say "Already running: $*"
  check_can_start ${stopped[@]+"${stopped[@]}"}
  remember_ports
  write_stack_env
  trap 'interrupted 130' INT
  trap 'interrupted 143' TERM
  local phase members
  for phase in 1 2 3; do
    members=()
    for name in "$@"; do
      [[ $(phase_of "$name") != "$phase" ]] || members+=("$name")
    done
    ((${#members[@]} == 0)) || start_phase "${members[@]}"
  done
  trap - INT TERM
  say "Ready. Settings for clients: source $STACK_ENV"
}

# Everything that can be known beforehand is checked before the first process starts.
check_can_start() {
  local name services=()
  for name in "$@"; do
    case $name in
      postgres) check_postgres_installed ;;
      broker) check_broker_installed ;;
      *) services+=("$name") ;;
    esac
  done
  check_executables ${services[@]+"${services[@]}"}
  check_ports_free "$@"
}

start_phase() {
  local name
  # The broker needs no preparation: started first, it starts while PostgreSQL's cluster is being made.
  for name in $(printf '%s\n' "$@" | sort); do
    is_running "$name" && continue
    STARTED+=("$name")
    case $name in
      postgres) start_postgres ;;
      broker) start_broker ;;
      *) start_service "$name" ;;
    esac
  done
  wait_ready "$@"
  [[ " $* " != *' postgres '* ]] || prepare_database
}

interrupted() {
  trap '' INT TERM
  say "Interrupted; taking back what was started: ${STARTED[*]:-nothing}"
  bring_down "${STARTED[*]-}"
  exit "$1"
}

# bring_down "NAME NAME...": services drain while broker and database are still there.
bring_down() {
  local name services=()
  for name in $1; do
    [[ $(phase_of "$name") == 1 ]] || services+=("$name")
  done
  terminate TERM "$SERVICE_STOP_SECONDS" ${services[@]+"${services[@]}"}
  [[ " $1 " != *' broker '* ]] || stop_broker
  [[ " $1 " != *' postgres '* ]] || stop_postgres
}

# Whatever has a pid file, also a worker beyond today's number of replicas.
recorded_names() {
  local file
  for file in "$STATE"/pids/*.pid; do
    [[ ! -e $file ]] || basename "$file" .pid
  done
}

stop_surplus_workers() {
  local name surplus=()
  for name in $(recorded_names); do
    [[ $name == runtime-worker-* ]] && ((${name##*-} > WORKER_COUNT)) && surplus+=("$name")
  done
  terminate TERM "$SERVICE_STOP_SECONDS" ${surplus[@]+"${surplus[@]}"}
}
