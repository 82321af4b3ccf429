#!/usr/bin/env bash
# From a fresh checkout to a running stack that has answered its first requests.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."

main() {
  deploy/local/install.sh
  printf 'Building (the first time takes several minutes) …\n'
  deploy/local/build.sh -c release
  printf 'Starting the stack …\n'
  deploy/local/stack up
  printf '\nOne request of each kind, through Kafka:\n'
  local state=${ONEX_LOCAL_DIR:-.local} code=0
  # shellcheck source=/dev/null # written by the stack
  (source "$state/stack.env" && .build/release/onexctl smoke) || code=$?
  ((code == 0)) || printf '\nNot every request was answered as it should be (exit code %d).\n' "$code" >&2
  where_to_look_next "$state"
  return "$code"
}

where_to_look_next() {
  cat <<END

The stack stays up. Where to look next:
  make status                                 what runs, and how it is
  deploy/local/stack logs -f runtime-main     a service's log, as it is written
  source $1/stack.env                     the settings that clients need, then for example:
  .build/release/onexctl request compute.echo '{"hello":"world"}'
  make stop                                   stop everything and leave nothing behind
END
}

main "$@"
