# Is a component ready, and if not, why. A probe leaves its findings in three variables.

readonly READY_SECONDS_MAX=60
PROBE_CODE='' PROBE_REASON='' PROBE_BODY=''

# probe NAME: succeeds when it is ready.
probe() {
  PROBE_CODE='-' PROBE_REASON='' PROBE_BODY=''
  case $1 in
    postgres) probe_with postgres_answers ;;
    broker) probe_with broker_answers ;;
    *) probe_http "${PORTS[$1]}" ;;
  esac
}

probe_with() {
  if "$1"; then
    PROBE_CODE=ok
  else
    PROBE_REASON='no answer'
    return 1
  fi
}

probe_http() {
  local answer
  if ! answer=$(curl --silent --noproxy '*' --max-time 2 --write-out '\n%{http_code}' "http://127.0.0.1:$1/ready" 2>/dev/null); then
    PROBE_REASON='no answer'
    return 1
  fi
  PROBE_CODE=${answer##*$'\n'}
  PROBE_BODY=${answer%$'\n'*}
  [[ $PROBE_CODE != 200 ]] || return 0
  PROBE_REASON=$(first_reason <<<"$PROBE_BODY")
  return 1
}

# `CODE: message` of the first entry of `reasons`, else the body's `error`. The text is enough here: no parser is installed
# for it, and it is shown to people only.
first_reason() {
  local body reasons
  body=$(tr -d '\n')
  reasons=${body#*\"reasons\"}
  if [[ $reasons != "$body" && $(json_text code <<<"$reasons") != '' ]]; then
    printf '%s: %s' "$(json_text code <<<"$reasons")" "$(json_text message <<<"$reasons")"
  else
    json_text error <<<"$body"
  fi
}

json_text() {
  { grep -oE "\"$1\" *: *\"([^\"\\\\]|\\\\.)*\"" || true; } | head -n 1 | sed -E 's/^"[a-z]+" *: *"(.*)"$/\1/; s/\\(["\\\/])/\1/g'
}

# wait_ready NAME...: one line for each as it becomes ready. Fails with what is known about the first that ends or is late.
wait_ready() {
  local name started told=0 pending=("$@") waiting
  started=$(milliseconds)
  while ((${#pending[@]} > 0)); do
    waiting=()
    for name in "${pending[@]}"; do
      if ! is_running "$name"; then
        explain_failure "$name" "it has ended"
      elif probe "$name"; then
        report "$name" ready "127.0.0.1:${PORTS[$name]}, $(seconds_since "$started")"
      elif (($(milliseconds) - started > READY_SECONDS_MAX * 1000)); then
        explain_failure "$name" "it is not ready after $READY_SECONDS_MAX s"
      else
        waiting+=("$name")
      fi
    done
    pending=(${waiting[@]+"${waiting[@]}"})
    if (($(milliseconds) - started > (told + 1) * 10000)); then
      told=$((told + 1))
      say "  … $((told * 10)) s, still waiting for: ${pending[*]-}"
    fi
    ((${#pending[@]} == 0)) || sleep 0.1
  done
}

explain_failure() {
  local name=$1 log
  log=$(log_file "$name")
  complain "$name failed: $2"
  probe "$name" || true
  {
    printf 'Its last answer on /ready: %s %s\n' "$PROBE_CODE" "${PROBE_BODY:-$PROBE_REASON}"
    printf 'The last lines of %s:\n' "$log"
    tail -n 20 "$log" 2>/dev/null | sed 's/^/  /'
    printf 'What was started keeps running, to be looked at: "deploy/local/stack status", then "deploy/local/stack down".\n'
  } >&2
  exit "$EXIT_UNAVAILABLE"
}
