#!/usr/bin/env bash
# Builds and runs every test against a private broker and database, which are gone afterwards. Arguments go to swift test,
# for example: --filter OnexCoreTests
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=deploy/local/lib/swift-flags.sh
source deploy/local/lib/swift-flags.sh

# How swift test writes that a test's expectation did not hold, or that the test process ended by itself.
ISSUE='recorded an issue|Fatal error|error: Exited with'

main() {
  # The caller's checkout keeps its tools; only the stack is private.
  export ONEX_TOOLS_DIR=${ONEX_TOOLS_DIR:-$PWD/.local/tools}
  deploy/local/install.sh
  deploy/local/build.sh --build-tests
  ONEX_TEST_BIN_DIR=$(swift build "${SWIFT_FLAGS[@]}" --show-bin-path)
  export ONEX_TEST_BIN_DIR
  # The whole run includes what is deployed and the simulation; asked for some tests, only those are run.
  [[ $# -gt 0 ]] || deploy/verify/run.sh --quick
  [[ $# -gt 0 ]] || Tests/Fixtures/simulate/run.sh "" "" "${ONEX_SIMULATION_SEEDS:-10000}"
  start_private_stack
  # shellcheck source=/dev/null # written by the stack
  source "$ONEX_LOCAL_DIR/stack.env"
  # One at a time: the tests start processes, brokers and clusters of their own, and on two cores running them side by side
  # would measure patience.
  swift test --skip-build --no-parallel "${SWIFT_FLAGS[@]}" "$@" 2>&1 | tee "$ONEX_LOCAL_DIR/tests.log"
}

start_private_stack() {
  # What the caller's shell holds is meant for the caller's own stack.
  unset "${!ONEX_LOCAL_@}" ONEX_CONTRACTS_DIR
  ONEX_LOCAL_DIR=$(mktemp -d "${TMPDIR:-/tmp}/onex-test.XXXXXX")
  export ONEX_LOCAL_DIR ONEX_LOCAL_PORTS=auto
  trap stop_private_stack EXIT
  # The database server's own user must be able to reach its files in there.
  chmod 755 "$ONEX_LOCAL_DIR"
  deploy/local/stack up infra
}

# Standard output's last lines are swift test's own, which is what people and programs look at. A failure's cause stands up to
# thousands of lines above them, and whoever keeps only the end of a log would never see it: it is told again, last of all.
stop_private_stack() {
  local code=$? failures=
  trap '' INT TERM
  [[ $code -eq 0 ]] || failures=$(grep -aE -A 1 --no-group-separator "$ISSUE" "$ONEX_LOCAL_DIR/tests.log" 2>/dev/null | head -n 20 | cut -c 1-1500) || true
  deploy/local/stack down --purge >&2 || true
  rm -rf "$ONEX_LOCAL_DIR"
  [[ -z $failures ]] || printf 'What failed:\n%s\n' "$failures" >&2
  exit "$code"
}

main "$@"
