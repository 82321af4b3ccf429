#!/usr/bin/env bash
# Fails on shell scripts that do not parse. Scripts are known by their first line, wherever they are.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."

is_shell_script() {
  local first_line
  [[ $1 == *.sh ]] || { IFS= read -r first_line <"$1" && [[ $first_line =~ ^'#!'.*(/| )(ba)?sh$ ]]; }
}

failed=0
while IFS= read -r -d '' file; do
  ! is_shell_script "$file" || bash -n "$file" || failed=1
done < <(find . \( -name '.build*' -o -name '.local*' -o -name .git \) -prune -o \
  -type f \( -name '*.sh' -o -perm -u+x \) -print0)
exit "$failed"
