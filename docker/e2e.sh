#!/usr/bin/env bash
# e2e.sh [COMPOSE_FILE...]: starts the whole suite in containers, uses it, kills parts of it, scales it and removes it again.
#
# Needs Docker Compose 2.24 or later: as `docker compose`, or as what COMPOSE names. More compose files are put on top of the two.
# ONEX_E2E_BUILD=false uses the images that are there.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
read -ra compose <<<"${COMPOSE:-docker compose}"
compose+=(-f docker-compose.infra.yml -f docker-compose.e2e.yml)
for file in "$@"; do compose+=(-f "$file"); done
compose+=(--env-file .env.e2e --profile runtime)
build=(--build)
[[ ${ONEX_E2E_BUILD:-true} == true ]] || build=(--no-build)
readonly WAIT_SECONDS=300

say() { printf '%s\n' "$*"; }

fail() {
  printf 'e2e: %s\n' "$*" >&2
  "${compose[@]}" ps --all >&2 || true
  "${compose[@]}" logs --no-color --tail 30 >&2 || true
  exit 1
}

finish() {
  local code=$?
  "${compose[@]}" --profile smoke down --volumes --remove-orphans --timeout 50 >/dev/null 2>&1 || true
  exit "$code"
}
trap finish EXIT

expect() {
  local what=$1 started=$SECONDS
  shift
  "$@" || fail "not so: $what"
  say "  ok  $what ($((SECONDS - started)) s)"
}

up() { "${compose[@]}" up --detach --wait --wait-timeout "$WAIT_SECONDS" --quiet-pull "$@" >/dev/null 2>&1; }

smoke() {
  local output
  output=$("${compose[@]}" --profile smoke run --rm --no-deps -T smoke 2>&1) || { say "$output" >&2; return 1; }
}

workers() { "${compose[@]}" ps --quiet --status running runtime-worker | wc -l; }

scaled_to() {
  up --no-recreate --scale "runtime-worker=$1" runtime-worker && (($(workers) == $1))
}

# When the container's first process began, in ticks since the host did.
began() { "${compose[@]}" exec -T --index 1 "$1" cut -d ' ' -f 22 /proc/1/stat 2>/dev/null; }

# Ends a process the way a crash does: not through the engine, which would take it for an operator's wish and not start it again.
crash() {
  local service=$1 executable=$2
  # shellcheck disable=SC2016 # the inner shell's
  "${compose[@]}" exec -T --index 1 "$service" sh -c \
    'for f in /proc/[0-9]*; do [ "$(cat "$f/comm")" != "$1" ] || kill -9 "${f#/proc/}"; done' sh "$executable" 2>/dev/null || true
}

# Nobody but the engine's restart policy brings it back.
comes_back() {
  local service=$1 before after='' deadline=$((SECONDS + 60))
  before=$(began "$service")
  crash "$service" "$2"
  until after=$(began "$service") && [[ -n $after && $after != "$before" ]]; do
    ((SECONDS < deadline)) || return 1
  done
  up --no-recreate "$service"
}

refuses_placeholder() {
  local service=$1 name=$2 output
  # Its exit code is 78, which not every engine hands on when a container ends at once.
  output=$("${compose[@]}" run --rm --no-deps -T --env "$name=__REPLACE_WITH_${name}__" "$service" 2>&1) || true
  [[ $output == *"$name"* && $output == *placeholder* ]] || { say "$output" >&2; return 1; }
}

nothing_is_left() {
  "${compose[@]}" --profile smoke down --volumes --remove-orphans --timeout 50 >/dev/null 2>&1
  [[ -z $("${compose[@]}" --profile smoke ps --all --quiet) && -z $("${compose[@]}" volumes --quiet 2>/dev/null) ]]
}

expect "a PostgreSQL with a placeholder for its password is refused" refuses_placeholder postgres POSTGRES_PASSWORD
expect "so is a Valkey" refuses_placeholder valkey VALKEY_PASSWORD
expect "so are Infisical's keys" refuses_placeholder infisical-check ENCRYPTION_KEY
expect "so is a service" refuses_placeholder topic-manager KAFKA_SASL_PASSWORD
expect "everything is up and healthy" up "${build[@]}"
expect "two workers run" test "$(workers)" -eq 2
expect "one request of each kind is answered" smoke
expect "four workers run and are healthy" scaled_to 4
expect "requests are answered" smoke
expect "two workers run again" scaled_to 2
expect "runtime-main comes back after a crash" comes_back omninode-runtime runtime-main
expect "requests are answered" smoke
expect "so does runtime-effects" comes_back runtime-effects runtime-effects
expect "requests are answered" smoke
expect "nothing is left after down --volumes" nothing_is_left
