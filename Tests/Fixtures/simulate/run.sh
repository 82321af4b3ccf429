#!/usr/bin/env bash
# Builds the simulation optimized and runs it: one seed, or SEEDS of them from FIRST on.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
seed=${1:-}
first=${2:-1}
count=${3:-10000}
deploy/local/install.sh
deploy/local/build.sh -c release --product simulate
if [[ -n $seed ]]; then
  exec .build/release/simulate "$seed"
fi
exec .build/release/simulate "${first:-1}" "$((${first:-1} + ${count:-10000} - 1))"
