# Which component listens where. A state folder remembers its ports, so that a restart finds clients where they were.

declare -A PORTS=() REMEMBERED_PORTS=()

port_variable() {
  case $1 in
    broker) printf ONEX_LOCAL_KAFKA_PORT ;;
    runtime-worker-*) printf ONEX_LOCAL_WORKER_PORT ;;
    agent-actions-consumer) printf ONEX_LOCAL_CONSUMER_PORT ;;
    *) printf 'ONEX_LOCAL_%s_PORT' "$(tr 'a-z-' 'A-Z_' <<<"$1")" ;;
  esac
}

default_port() {
  case $1 in
    postgres) printf 5436 ;;
    broker) printf 29092 ;;
    runtime-main) printf 8085 ;;
    runtime-effects) printf 8086 ;;
    agent-actions-consumer) printf 8087 ;;
    topic-manager) printf 8088 ;;
    runtime-worker-*) printf '%d' "$((8185 + ${1##*-} - 1))" ;;
  esac
}

# The port the caller asked for in the environment, if any. Workers count upwards from theirs.
requested_port() {
  local variable
  variable=$(port_variable "$1")
  local value=${!variable:-}
  [[ -n $value ]] || return 0
  { [[ $value =~ ^[1-9][0-9]{0,4}$ ]] && ((value <= 65535)); } ||
    fail "$EXIT_CONFIG" "$variable is '$value': a port from 1 to 65535 is needed"
  [[ $1 != runtime-worker-* ]] || value=$((value + ${1##*-} - 1))
  printf '%s' "$value"
}

# What the state folder remembers: the ports in use, for commands that look at or stop a stack.
load_ports() {
  local name port
  WORKER_COUNT=0
  if [[ -f $PORTS_FILE ]]; then
    while read -r name port; do
      REMEMBERED_PORTS[$name]=$port
      [[ $name != runtime-worker-* ]] || ((WORKER_COUNT += 1))
    done <"$PORTS_FILE"
  else
    WORKER_COUNT=1
  fi
  for name in $(all_components); do
    PORTS[$name]=${REMEMBERED_PORTS[$name]:-$(default_port "$name")}
  done
}

# Settles the number of workers and every port for a stack that is about to start.
choose_ports() {
  local name
  load_ports
  if [[ -n ${WORKER_REPLICAS:-} ]]; then
    { [[ $WORKER_REPLICAS =~ ^[0-9]{1,2}$ ]] && ((10#$WORKER_REPLICAS <= WORKER_REPLICAS_MAX)); } ||
      fail "$EXIT_CONFIG" "WORKER_REPLICAS is '$WORKER_REPLICAS': a number from 0 to $WORKER_REPLICAS_MAX is needed"
    WORKER_COUNT=$((10#$WORKER_REPLICAS))
  fi
  PORTS=()
  for name in $(all_components); do
    PORTS[$name]=$(choose_port "$name")
  done
  check_ports_differ
}

choose_port() {
  local remembered=${REMEMBERED_PORTS[$1]:-} requested
  requested=$(requested_port "$1")
  if [[ -n $remembered ]] && is_running "$1"; then
    printf '%s' "$remembered"
  elif [[ -n $requested ]]; then
    printf '%s' "$requested"
  elif [[ -n $remembered ]] && { [[ ${ONEX_LOCAL_PORTS:-} != auto ]] || port_is_free "$remembered"; }; then
    printf '%s' "$remembered"
  elif [[ ${ONEX_LOCAL_PORTS:-} == auto ]]; then
    pick_free_port
  else
    default_port "$1"
  fi
}

# From below the range that the kernel hands to outgoing connections, which come and go on their own.
pick_free_port() {
  local attempt port
  for ((attempt = 0; attempt < 200; attempt++)); do
    port=$((20000 + RANDOM % 12000))
    [[ " ${PORTS[*]-} " != *" $port "* ]] && port_is_free "$port" && printf '%s' "$port" && return
  done
  fail "$EXIT_UNAVAILABLE" "found no free port between 20000 and 32000"
}

remember_ports() {
  local name
  for name in $(all_components); do
    printf '%s %s\n' "$name" "${PORTS[$name]}"
  done | replace_private "$PORTS_FILE"
}

check_ports_differ() {
  local name port
  local -A user_of=()
  for name in $(all_components); do
    port=${PORTS[$name]}
    [[ -z ${user_of[$port]:-} ]] || fail "$EXIT_CONFIG" \
      "port $port is given to both ${user_of[$port]} and $name: change $(port_variable "${user_of[$port]}") or $(port_variable "$name")"
    user_of[$port]=$name
  done
}

# The kernel's own table is read, so that no tool needs installing and no connection is made to a stranger's socket.
listener_inodes() {
  awk -v suffix="$(printf ':%04X' "$1")" \
    'FNR > 1 && $4 == "0A" && substr($2, length($2) - 4) == suffix { print $10 }' \
    /proc/net/tcp /proc/net/tcp6 2>/dev/null || true
}

port_is_free() {
  [[ -z $(listener_inodes "$1") ]]
}

# Who listens on a port, as far as this user may see.
port_holder() {
  local inode link pid
  for inode in $(listener_inodes "$1"); do
    link=$(find /proc/[0-9]*/fd -lname "socket:\\[$inode\\]" -print -quit 2>/dev/null || true)
    [[ -n $link ]] || continue
    pid=${link#/proc/}
    pid=${pid%%/*}
    printf 'held by %s (pid %s)' "$(cat "/proc/$pid/comm" 2>/dev/null)" "$pid"
    return
  done
  printf 'held by a process of another user'
}

# Every busy port is reported, not just the first, and nothing has been started yet.
check_ports_free() {
  local name busy=0
  for name in "$@"; do
    port_is_free "${PORTS[$name]}" && continue
    busy=1
    complain "port ${PORTS[$name]} for $name is busy, $(port_holder "${PORTS[$name]}"); choose another with $(port_variable "$name")"
  done
  ((busy == 0)) || fail "$EXIT_UNAVAILABLE" "nothing was started; ONEX_LOCAL_PORTS=auto picks free ports for everything"
}
