#!/usr/bin/env bash
# compose.sh [--quick]: the Dockerfile as hadolint and the compose files as the real Docker Compose read them; unless --quick, brought up against
# Podman's Docker API. Images made here stand in for the registry's; deploy/verify/image.sh makes the runtime's.
set -euo pipefail

# shellcheck source=deploy/verify/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=deploy/verify/podman.sh
source "$REPO/deploy/verify/podman.sh"

WORK=$(mktemp -d)
readonly WORK
background=()

finish() {
  local code=$?
  ((${#background[@]} == 0)) || kill "${background[@]}" 2>/dev/null || true
  rm -rf "$WORK"
  exit "$code"
}
trap finish EXIT

compose() { "$VERIFY_BIN/docker-compose" -f "$REPO/docker/docker-compose.infra.yml" "$@"; }

# services_of PROFILE EXPECTED...
services_of() {
  local profile=$1 found
  shift
  found=$(compose --env-file "$WORK/env" ${profile:+--profile "$profile"} config --services | sort | paste -s -d ' ')
  [[ $found == "$*" ]] || fail 1 "profile ${profile:-(none)} has $found, not $*"
  say "  ok  profile ${profile:-(none)}: $found"
}

check_files() {
  local output code=0
  "$VERIFY_BIN/hadolint" "$REPO/docker/Dockerfile.runtime"
  say "  ok  hadolint finds nothing in the Dockerfile"
  "$REPO/docker/make-env.sh" "$WORK/env" >/dev/null
  [[ $(stat -c %a "$WORK/env") == 600 ]] || fail 1 "the environment file is not its owner's alone"
  ! grep -E '^[^#].*__REPLACE' "$WORK/env" || fail 1 "make env leaves a placeholder"
  "$REPO/docker/make-env.sh" "$WORK/env" 2>/dev/null && fail 1 "make env overwrites passwords that a database knows"
  say "  ok  make env: every placeholder replaced, readable by its owner alone, never overwritten"
  POSTGRES_PASSWORD=__REPLACE_WITH_X__ sh "$REPO/docker/refuse-placeholders.sh" true 2>"$WORK/refusal" || code=$?
  if [[ $code != 78 ]] || ! grep -q POSTGRES_PASSWORD "$WORK/refusal"; then fail 1 "a placeholder reaches the images of others"; fi
  POSTGRES_PASSWORD=x sh "$REPO/docker/refuse-placeholders.sh" true || fail 1 "a password is taken for a placeholder"
  say "  ok  a placeholder is refused with 78 before an image of others starts"
  code=0
  output=$(compose --env-file /dev/null config 2>&1) || code=$?
  [[ $code != 0 && $output == *"make env"* ]] || fail 1 "without passwords the files are accepted, or nobody is told what to do"
  say "  ok  without passwords it is refused, with what to do"
  services_of '' postgres redpanda topic-manager valkey
  services_of runtime agent-actions-consumer migrate omninode-runtime postgres redpanda roles runtime-effects runtime-worker \
    topic-manager valkey
  services_of consul consul postgres redpanda topic-manager valkey
  services_of secrets infisical infisical-check infisical-postgres postgres redpanda topic-manager valkey
  services_of full agent-actions-consumer consul infisical infisical-check infisical-postgres migrate omninode-runtime postgres \
    redpanda roles runtime-effects runtime-worker topic-manager valkey
  compose --env-file "$WORK/env" --profile full config --format json | "$VERIFY_BIN/python" "$REPO/deploy/verify/compose_policy.py"
  compose -f "$REPO/docker/docker-compose.secured.yml" --env-file "$WORK/env" --profile full --profile secured config --format json |
    "$VERIFY_BIN/python" "$REPO/deploy/verify/compose_policy.py" secured
  sh -n "$REPO/docker/redpanda-users.sh"
  WORKER_REPLICAS=8 compose --env-file "$WORK/env" --profile runtime config --format json |
    "$VERIFY_BIN/python" -c 'import json, sys; sys.exit(json.load(sys.stdin)["services"]["runtime-worker"]["deploy"]["replicas"] != 8)' ||
    fail 1 "WORKER_REPLICAS is not heard"
  say "  ok  WORKER_REPLICAS=8 gives eight workers"
}

make_images() {
  podman image exists "$RUNTIME_IMAGE" || fail 1 "$RUNTIME_IMAGE is not there: run deploy/verify/image.sh first"
  make_base_image
  mkdir "$WORK/broker"
  cp "$(broker_binary)" "$WORK/broker/noida-db"
  make_stand_in broker "$WORK/broker"
  make_stand_in postgres "$IMAGES"
  make_stand_in valkey "$IMAGES"
}

# Health checks are systemd's timers with Podman, and there is no systemd: each running container is asked in turn.
drive_health_checks() {
  local container
  while true; do
    for container in $(podman ps --quiet --filter label=com.docker.compose.project=omnibase-e2e); do
      podman healthcheck run "$container" >/dev/null 2>&1 || true
    done
    read -rt 1 <> <(:) || true
  done
}

start_podman() {
  podman system service --time=0 "unix://$WORK/podman.sock" >"$WORK/podman.log" 2>&1 &
  background+=($!)
  drive_health_checks &
  background+=($!)
  export DOCKER_HOST=unix://$WORK/podman.sock
}

main() {
  case "${1:-}" in '' | --quick) ;; *) fail "$EXIT_USAGE" "usage: compose.sh [--quick]" ;; esac
  "$REPO/deploy/verify/install-tools.sh"
  check_files
  [[ ${1:-} != --quick ]] || return 0
  require_root
  "$REPO/deploy/local/install.sh"
  "$REPO/deploy/verify/install-tools.sh" "${CONTAINER_PACKAGES[@]}"
  write_podman_config "$WORK/containers.conf"
  make_images
  start_podman
  COMPOSE=$VERIFY_BIN/docker-compose ONEX_E2E_BUILD=false ONEX_IMAGE=$RUNTIME_IMAGE \
    POSTGRES_IMAGE=localhost/onex-verify/postgres:local REDPANDA_IMAGE=localhost/onex-verify/broker:local \
    VALKEY_IMAGE=localhost/onex-verify/valkey:local \
    "$REPO/docker/e2e.sh" "$REPO/deploy/verify/docker-compose.local.yml"
}

main "$@"
