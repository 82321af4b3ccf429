# The five services: which executable, which environment.

BIN_DIR=${ONEX_BIN_DIR:-$REPO/.build/release}
[[ $BIN_DIR == /* ]] || BIN_DIR=$PWD/$BIN_DIR
readonly BIN_DIR

# A service has ONEX_DRAIN_TIMEOUT_SECONDS (30) to finish what is in flight; five more to close its connections.
readonly SERVICE_STOP_SECONDS=35

executable_of() {
  local name=$1
  [[ $name != runtime-worker-* ]] || name=runtime-worker
  printf '%s/%s' "$BIN_DIR" "$name"
}

check_executables() {
  local name missing=()
  for name in "$@"; do
    [[ -x $(executable_of "$name") ]] || missing+=("$(executable_of "$name")")
  done
  ((${#missing[@]} == 0)) || fail "$EXIT_UNAVAILABLE" "not built yet: $(printf '%s\n' "${missing[@]}" | sort -u | tr '\n' ' ')
Build with 'make release', or say with ONEX_BIN_DIR where the executables are. Nothing was started."
}

start_service() {
  launch "$1" launch_service "$1"
}

launch_service() {
  # shellcheck source=/dev/null # written by write_stack_env
  source "$STACK_ENV"
  export ONEX_HEALTH_PORT=${PORTS[$1]}
  # Services write files for others, with the modes that their caller wants; the state folder's own mask is not theirs.
  umask "$CALLER_UMASK"
  # For its owner alone: the handlers refuse a folder that others could have made or can write to.
  mkdir -p -m 700 "$ONEX_DATA_DIR"
  # People read these logs; and no collector is part of the stack, so nothing is exported unless the caller says where to.
  export ONEX_LOG_FORMAT=${ONEX_LOG_FORMAT:-text}
  export OTEL_TRACES_EXPORTER=${OTEL_TRACES_EXPORTER:-none} OTEL_METRICS_EXPORTER=${OTEL_METRICS_EXPORTER:-none}
  # There is one of each: after a kill it has its partitions back at once. Workers come and go.
  if [[ $1 == runtime-main || $1 == runtime-effects || $1 == agent-actions-consumer ]]; then export ONEX_GROUP_INSTANCE_ID=$1; fi
  if [[ $1 == agent-actions-consumer ]]; then
    export OMNIBASE_INFRA_AGENT_ACTIONS_KAFKA_BOOTSTRAP_SERVERS=$KAFKA_BOOTSTRAP_SERVERS
    export OMNIBASE_INFRA_AGENT_ACTIONS_POSTGRES_DSN=$OMNIBASE_INFRA_DB_URL
    export OMNIBASE_INFRA_AGENT_ACTIONS_HEALTH_CHECK_PORT=$ONEX_HEALTH_PORT
  fi
  exec setsid "$(executable_of "$1")"
}
