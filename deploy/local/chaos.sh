#!/usr/bin/env bash
# The chaos tests in full length; make test runs the same for some seconds each. A seed is printed, and repeats its plan when given.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# Kills of one service each; seconds of load for every other kind of fault.
export ONEX_CHAOS_ROUNDS=${ONEX_CHAOS_ROUNDS:-100} ONEX_CHAOS_SECONDS=${ONEX_CHAOS_SECONDS:-600}
export ONEX_CHAOS_SEED=${ONEX_CHAOS_SEED:-$((RANDOM * 32768 + RANDOM + 1))}
printf 'chaos: seed %s, %s rounds, %s s\n' "$ONEX_CHAOS_SEED" "$ONEX_CHAOS_ROUNDS" "$ONEX_CHAOS_SECONDS"
exec deploy/local/test.sh --filter '^ChaosTests\.' "$@"
