#!/usr/bin/env bash
# `make verify-docs`: runs every command that the README and the runbooks show, as they stand, and fails at the first that fails.
# Commands are the lines of blocks marked ```sh. It starts and stops the checkout's own stack on its usual ports.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# Commands that are not run here, each with the reason.
declare -rA NOT_RUN=(
  ["make test"]="make test is what runs before this"
  ["make chaos"]="the full length takes about an hour; .ci/run runs a shorter one"
  ["OMNIBASE_INFRA_AGENT_ACTIONS_KAFKA_GROUP_ID=agent-observability-again agent-actions-consumer"]="a service does not end"
)

files=(README.md docs/operations/*.md)
log=$(mktemp "${TMPDIR:-/tmp}/onex-docs.XXXXXX")
ran=0 left_out=0

finish() {
  local code=$?
  make --no-print-directory stop >/dev/null 2>&1 || true
  deploy/local/stack down --purge >/dev/null 2>&1 || true
  rm -f "$log"
  exit "$code"
}

# The lines of the file's shell blocks as NUMBER<tab>COMMAND; a line that ends in a backslash goes on.
commands() {
  awk '/^```sh$/ { inside = 1; next } /^```/ { inside = 0 }
    inside && NF { if (!held) start = FNR
      held = held $0; if (sub(/\\$/, "", held)) next
      print start "\t" held; held = "" }' "$1"
}

run() {
  local place=$1 command=$2 plain reason
  plain=$(sed -E 's/[[:space:]]+#.*$//' <<<"$command")
  reason=${NOT_RUN[$plain]:-}
  if [ -n "$reason" ]; then
    left_out=$((left_out + 1))
    printf 'left out  %s  %s (%s)\n' "$place" "$plain" "$reason"
    return
  fi
  # As a person's shell would: the stack's settings, the built programs, and nothing else kept between two commands.
  if ! bash -euo pipefail -c '[ -e .local/stack.env ] && source .local/stack.env; PATH=$PWD/.build/release:$PATH; '"$plain" \
    >"$log" 2>&1 </dev/null; then
    printf 'FAILED    %s  %s\n' "$place" "$plain"
    tail -40 "$log"
    exit 1
  fi
  ran=$((ran + 1))
  printf 'ok        %s  %s\n' "$place" "$plain"
}

if [ -e .local/stack.env ] && deploy/local/stack status --json 2>/dev/null | grep -qE '"pid":[0-9]'; then
  echo "a stack is running in this checkout; stop it first: make stop" >&2
  exit 1
fi
trap finish EXIT
for file in "${files[@]}"; do
  while IFS=$'\t' read -r line command <&3; do run "$file:$line" "$command"; done 3< <(commands "$file")
  # The next page finds a running stack, whatever this one did to it.
  deploy/local/stack up >/dev/null 2>&1
done
printf '%d commands ran, %d were left out\n' "$ran" "$left_out"
