#!/usr/bin/env bash
# `make verify-docs`: runs every command that the README and the runbooks show, as they stand, compares what they print with what the
# pages say, and fails at the first that differs. How a page says it: page.sh. Pages given as arguments: only those.
# It starts and stops the checkout's own stack.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=Tests/Documentation/page.sh
source Tests/Documentation/page.sh

NOT_RUN=(
  ["make test"]="make test is what runs before this"
  ["make chaos"]="the full length takes about an hour; .ci/run runs a shorter one"
)

finish() {
  local code=$?
  make --no-print-directory stop >/dev/null 2>&1 || true
  deploy/local/stack down --purge >/dev/null 2>&1 || true
  rm -rf "$WORK"
  exit "$code"
}

# The next page finds a running stack with one worker, whatever the one before did to it.
make_healthy() {
  WORKER_REPLICAS=1 deploy/local/stack up >"$WORK/up" 2>&1 && return
  printf 'FAILED    %s leaves a stack that does not come up again:\n' "$1"
  tail -n 40 "$WORK/up"
  return 1
}

if [ -e .local/stack.env ] && deploy/local/stack status --json 2>/dev/null | grep -qE '"pid":[0-9]'; then
  echo "a stack is running in this checkout; stop it first: make stop" >&2
  exit 1
fi
WORK=$(mktemp -d "${TMPDIR:-/tmp}/onex-docs.XXXXXX")
trap finish EXIT

Tests/Documentation/selftest.sh
Tests/Documentation/structure.sh
pages=("$@")
if ((${#pages[@]} == 0)); then
  pages=(README.md docs/operations/*.md)
else
  make_healthy "nothing"
fi
for page in "${pages[@]}"; do
  began=$SECONDS
  run_page "$page"
  make_healthy "$page"
  printf 'page      %s  %d s\n' "$page" "$((SECONDS - began))"
done
printf '%d commands ran, the output of %d was compared, %d were left out\n' "$RAN" "$COMPARED" "$LEFT_OUT"
