# What runs and how it is, for people and for programs.

# Set by inspect for the component it was asked about.
STATE_WORD='' PID='' READY=''

inspect() {
  READY=no
  if PID=$(running_pid "$1"); then
    STATE_WORD=running
    ! probe "$1" || READY=yes
  else
    PID='' PROBE_CODE='-' PROBE_REASON=''
    STATE_WORD=stopped
    # Whoever stops a component removes its pid file; one that is still there tells of a process that ended by itself.
    [[ ! -e $(pid_file "$1") ]] || STATE_WORD=crashed
  fi
}

# print_status NAME...: fails unless all of them are ready.
print_status() {
  local name ready=yes
  printf '%-24s %-8s %8s %6s  %-40s %s\n' NAME STATE PID PORT READY LOG
  for name in "$@"; do
    inspect "$name"
    [[ $READY == yes ]] || ready=no
    printf '%-24s %-8s %8s %6s  %-40s %s\n' \
      "$name" "$STATE_WORD" "${PID:--}" "${PORTS[$name]}" "$PROBE_CODE${PROBE_REASON:+ $PROBE_REASON}" "$(log_file "$name")"
  done
  [[ $ready == yes ]]
}

print_status_json() {
  local name ready=true separator='' rows=''
  for name in "$@"; do
    inspect "$name"
    [[ $READY == yes ]] || ready=false
    rows+=$separator$(json_row "$name")
    separator=,
  done
  printf '{"state_dir":%s,"ready":%s,"components":[%s]}\n' "$(json_string "$STATE")" "$ready" "$rows"
  [[ $ready == true ]]
}

json_row() {
  local ready=false
  [[ $READY != yes ]] || ready=true
  printf '{"name":%s,"state":%s,"pid":%s,"port":%s,"ready":%s,"code":%s,"reason":%s,"log":%s}' \
    "$(json_string "$1")" "$(json_string "$STATE_WORD")" "${PID:-null}" "${PORTS[$1]}" "$ready" \
    "$(json_string "$PROBE_CODE")" "$(json_string "$PROBE_REASON")" "$(json_string "$(log_file "$1")")"
}
