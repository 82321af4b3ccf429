# Starting, recognising and ending processes. A pid file holds the pid and its start time: a pid alone may have been reused.

pid_file() {
  printf '%s/pids/%s.pid' "$STATE" "$1"
}

log_file() {
  printf '%s/logs/%s.log' "$STATE" "$1"
}

# Field 22 of /proc/PID/stat, counted behind the command name, which may hold spaces. Fails for a zombie: it has ended.
start_time() {
  local stat
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  read -r -a stat <<<"${stat##*) }"
  [[ ${stat[0]} != Z ]] && printf '%s' "${stat[19]}"
}

# The pid of a component, when the process that was started under this name is still alive.
running_pid() {
  local pid started
  { read -r pid started <"$(pid_file "$1")"; } 2>/dev/null || return 1
  # A process that ended while it was being launched has no start time on file.
  [[ $pid =~ ^[0-9]+$ && -n $started && $(start_time "$pid") == "$started" ]] && printf '%s' "$pid"
}

is_running() {
  running_pid "$1" >/dev/null
}

# So many logs of earlier starts are kept: NAME.log.1 is of the one before.
OLD_LOGS_MAX=5

keep_old_log() {
  local log=$1 number
  [[ -e $log ]] || return 0
  for ((number = OLD_LOGS_MAX - 1; number > 0; number--)); do
    [[ ! -e $log.$number ]] || mv -f "$log.$number" "$log.$((number + 1))"
  done
  mv -f "$log" "$log.1"
}

# launch NAME COMMAND...: the command ends in `exec setsid …`, so that the process keeps the pid noted here and, in a session
# of its own, is out of reach of Ctrl-C in this terminal. Each start has a fresh log.
launch() {
  local name=$1 log pid
  shift
  log=$(log_file "$name")
  keep_old_log "$log"
  # The lock is this command's, not the component's.
  (cd / && "$@") </dev/null >"$log" 2>&1 9<&- &
  pid=$!
  printf '%s %s\n' "$pid" "$(start_time "$pid")" >"$(pid_file "$name")"
}

# terminate SIGNAL SECONDS NAME...: asks all of them at once, waits for them together, kills what outlives the bound.
terminate() {
  local signal=$1 bound=$2 name pid started
  shift 2
  local -A pids=()
  started=$(milliseconds)
  for name in "$@"; do
    pid=$(running_pid "$name") || { rm -f "$(pid_file "$name")"; continue; }
    pids[$name]=$pid
    kill -s "$signal" "$pid" 2>/dev/null || true
  done
  await_end "$started" "$bound"
  for name in "${!pids[@]}"; do
    report "$name" killed "it had not ended $bound s after SIG$signal"
    kill -s KILL "${pids[$name]}" 2>/dev/null || true
  done
  await_end "$(milliseconds)" 5
  ((${#pids[@]} == 0)) || fail "$EXIT_UNAVAILABLE" "the kernel has not ended ${!pids[*]} within 5 s after SIGKILL"
}

# await_end STARTED SECONDS: takes out of the caller's `pids` whatever ends in time.
await_end() {
  local name
  while ((${#pids[@]} > 0 && $(milliseconds) - $1 < $2 * 1000)); do
    for name in "${!pids[@]}"; do
      is_running "$name" && continue
      report "$name" stopped "$(seconds_since "$started")"
      rm -f "$(pid_file "$name")"
      unset "pids[$name]"
    done
    ((${#pids[@]} == 0)) || sleep 0.05
  done
}

seconds_since() {
  local elapsed=$(($(milliseconds) - $1))
  printf '%d.%d s' "$((elapsed / 1000))" "$((elapsed % 1000 / 100))"
}

report() {
  printf '  %-24s %-10s %s\n' "$1" "$2" "$3"
}
