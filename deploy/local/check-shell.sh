#!/usr/bin/env bash
# Fails on shell scripts that do not parse. Scripts are known by their first line, wherever they are.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."

failed=0
while IFS= read -r -d '' script; do
  bash -n "$script" || failed=1
done < <(git ls-files -z --cached --others --exclude-standard |
  xargs -0 awk 'FNR == 1 && (/^#!.*(bash|sh)$/ || FILENAME ~ /\.sh$/) { printf "%s%c", FILENAME, 0 } { nextfile }')
exit "$failed"
