# The state folder: everything a stack writes is here, so that two folders are two stacks.

STATE=${ONEX_LOCAL_DIR:-$REPO/.local}
[[ $STATE == /* ]] || STATE=$PWD/$STATE
readonly STATE
CALLER_UMASK=$(umask)
readonly CALLER_UMASK
readonly STACK_ENV=$STATE/stack.env PORTS_FILE=$STATE/ports PASSWORD_FILE=$STATE/postgres.password DEPLOYMENT_FILE=$STATE/deployment

# Names, not the folder itself, are deleted by a purge: the folder may be one that also holds other things.
readonly STATE_ENTRIES=(pids logs broker postgres data ports stack.env postgres.password deployment)

# Records, logs and passwords are here: what is made below is for its owner alone. The folder itself stays open to be passed through,
# for the database's own user, and can be written by its owner alone (onexctl reads its stack.env only then).
open_state() {
  umask 077
  local made=0
  [[ -d $STATE ]] || made=1
  mkdir -p "$STATE" 2>/dev/null && [[ -w $STATE ]] ||
    fail "$EXIT_UNAVAILABLE" "cannot write to the state folder $STATE: choose another with ONEX_LOCAL_DIR"
  ((made == 0)) || chmod 755 "$STATE"
  # A state folder that an earlier version made with a mask of 002; one that everyone shares, such as /tmp, is left as it is.
  if [[ -f $STACK_ENV && -O $STATE && ! -k $STATE ]]; then chmod go-w "$STATE"; fi
  lock_state
}

# One command at a time changes a stack. The lock is on the folder itself: no file is left behind, a dead holder frees it.
lock_state() {
  exec 9<"$STATE"
  if ! flock --nonblock 9; then
    say "Another command is changing the stack in $STATE; waiting for it."
    flock --timeout 120 9 || fail "$EXIT_UNAVAILABLE" "the other command has not finished within 120 s"
  fi
}

purge_state() {
  remove_postgres_fallback
  local entry
  for entry in "${STATE_ENTRIES[@]}"; do
    rm -rf -- "${STATE:?}/$entry"
  done
  rmdir --ignore-fail-on-non-empty "$STATE"
}

# replace_private FILE: standard input becomes its content at once and for its owner alone.
replace_private() {
  local draft
  draft=$(mktemp "$1.XXXXXX")
  cat >"$draft"
  mv -f "$draft" "$1"
}

database_password() {
  [[ -s $PASSWORD_FILE ]] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' | replace_private "$PASSWORD_FILE"
  cat "$PASSWORD_FILE"
}

# A stack's own name: the development broker reports the same cluster id everywhere, and two stacks on one database are a mistake.
deployment_id() {
  [[ -s $DEPLOYMENT_FILE ]] || printf 'local-%s' "$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')" | replace_private "$DEPLOYMENT_FILE"
  cat "$DEPLOYMENT_FILE"
}

write_stack_env() {
  local password worker_ports=() name
  password=$(database_password)
  for name in $(worker_names); do
    worker_ports+=("${PORTS[$name]}")
  done
  {
    printf '# The stack in %s. Use it with:  source %s\n' "$STATE" "$STACK_ENV"
    print_export KAFKA_BOOTSTRAP_SERVERS "127.0.0.1:${PORTS[broker]}"
    # Said outright, so that settings for a secured cluster in the caller's shell do not reach this one.
    print_export KAFKA_SECURITY_PROTOCOL PLAINTEXT
    # The development broker does not end the second round of a cooperative rebalance among three members.
    print_export KAFKA_PARTITION_ASSIGNMENT_STRATEGY range
    print_export OMNIBASE_INFRA_DB_URL "postgresql://postgres:$(percent_encoded "$password")@127.0.0.1:${PORTS[postgres]}/omnibase_infra"
    print_export POSTGRES_HOST 127.0.0.1
    print_export POSTGRES_PORT "${PORTS[postgres]}"
    print_export POSTGRES_USER postgres
    print_export POSTGRES_PASSWORD "$password"
    print_export POSTGRES_DB omnibase_infra
    print_export RUNTIME_MAIN_PORT "${PORTS[runtime-main]}"
    print_export RUNTIME_EFFECTS_PORT "${PORTS[runtime-effects]}"
    print_export RUNTIME_WORKER_PORTS "$(IFS=,; printf '%s' "${worker_ports[*]}")"
    print_export AGENT_ACTIONS_CONSUMER_PORT "${PORTS[agent-actions-consumer]}"
    print_export TOPIC_MANAGER_PORT "${PORTS[topic-manager]}"
    print_export ONEX_CONTRACTS_DIR "$(readlink -m "${ONEX_CONTRACTS_DIR:-$REPO/contracts}")"
    print_export ONEX_DATA_DIR "$STATE/data"
    # For development only: every port of this machine. A caller's own list wins.
    print_export ONEX_ALLOWED_HOSTS "${ONEX_ALLOWED_HOSTS:-127.0.0.1:*,localhost:*}"
    print_export ONEX_ENVIRONMENT "${ONEX_ENVIRONMENT:-development}"
    print_export ONEX_DEPLOYMENT_ID "$(deployment_id)"
  } | replace_private "$STACK_ENV"
}

# As a URL wants it (RFC 3986): a password that an operator chose may hold anything.
percent_encoded() {
  local LC_ALL=C i character
  for ((i = 0; i < ${#1}; i++)); do
    character=${1:i:1}
    case $character in
      [A-Za-z0-9._~-]) printf '%s' "$character" ;;
      *) printf '%%%02X' "'$character" ;;
    esac
  done
}

print_export() {
  printf 'export %s=%q\n' "$1" "$2"
}
