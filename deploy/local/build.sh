#!/usr/bin/env bash
# swift build with the flags that every build here uses. Arguments are passed on, for example: -c release
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=deploy/local/lib/swift-flags.sh
source deploy/local/lib/swift-flags.sh

# What the compiler keeps names the folder that it was made in: in a checkout that was moved or copied it leads to errors.
drop_foreign_build() {
  local mark=.build/made-in here
  here=$(pwd -P)
  if [[ -f $mark && $(<"$mark") != "$here" ]]; then
    printf '.build was made in %s; it is made anew\n' "$(<"$mark")" >&2
    rm -rf .build
  fi
  mkdir -p .build
  printf '%s\n' "$here" >"$mark"
}

drop_foreign_build
exec swift build "${SWIFT_FLAGS[@]}" "$@"
