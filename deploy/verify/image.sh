#!/usr/bin/env bash
# image.sh: builds the runtime's image as docker/Dockerfile.runtime says, from a copy of what is tracked, and looks at what came out.
# Debian made by debootstrap and the installed toolchain stand in for the registry's base images.
set -euo pipefail

# shellcheck source=deploy/verify/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=deploy/verify/podman.sh
source "$REPO/deploy/verify/podman.sh"

readonly SIZE_MAX=250000000
readonly EXECUTABLES=(runtime-main runtime-effects runtime-worker agent-actions-consumer topic-manager onexctl)
# What a build must not take along; written into the places where people keep such files.
readonly CANARY=canary-5c1f0a9e-never-in-a-layer

WORK=$(mktemp -d)
readonly WORK CONTAINER=onex-verify-image-$$

finish() {
  local code=$?
  podman rm --force --ignore "$CONTAINER" >/dev/null 2>&1 || true
  rm -rf "$WORK"
  exit "$code"
}
trap finish EXIT

expect() {
  local what=$1
  shift
  "$@" || fail 1 "$what"
  say "  ok  $what"
}

# What git tracks, as it is in the working tree, and files with secrets beside it.
make_context() {
  mkdir -p "$WORK/context"
  (cd "$REPO" && git ls-files -z --cached --others --exclude-standard | xargs -0 -r ls -d 2>/dev/null | tar -c -T - | tar -x -C "$WORK/context")
  local place
  for place in . docker contracts migrations Libraries; do
    printf 'POSTGRES_PASSWORD=%s\n' "$CANARY" >"$WORK/context/$place/.env"
  done
}

build() {
  local log=$WORK/build.log started
  started=$(milliseconds)
  say "Building $RUNTIME_IMAGE (the first time takes many minutes; $log shows how far it is)"
  POSTGRES_PASSWORD=$CANARY make_runtime_image "$WORK/context" "$1" >"$log" 2>&1 || {
    tail -n 40 "$log" >&2
    fail 1 "docker/Dockerfile.runtime does not build"
  }
  say "  built in $((($(milliseconds) - started) / 1000)) s"
}

inspect() { podman image inspect --format "$1" "$RUNTIME_IMAGE"; }

is() { [[ $1 == "$2" ]] || { complain "it is \"$1\", not \"$2\""; return 1; }; }

is_smaller() { (($1 < $2)) || { complain "it has $1 bytes, the limit is $2"; return 1; }; }

# Runs a command in the image as an orchestrator would: no root, no capability, nothing to write but /tmp.
hardened() {
  podman run --rm --read-only --cap-drop ALL --security-opt no-new-privileges --network none --memory 256m --cpus 1 "$@"
}

has_no_build_tools() {
  local found
  # shellcheck disable=SC2016 # $tool is the inner shell's
  found=$(hardened --entrypoint /bin/sh "$RUNTIME_IMAGE" -c \
    'for tool in cc gcc g++ c++ clang ld as make cmake swift swiftc git pkg-config; do command -v $tool; done; ls -d /usr/include/*/ 2>/dev/null; true')
  [[ -z $found ]] || { complain "it holds $found"; return 1; }
}

# Every layer, and the configuration with its history. The save is not compressed, so that a search sees what is inside.
has_no_secret() {
  mkdir "$WORK/saved"
  podman save --quiet --format docker-dir --output "$WORK/saved" "$RUNTIME_IMAGE" >/dev/null
  local file
  for file in "$WORK"/saved/*; do
    if { gzip -dc "$file" 2>/dev/null || cat "$file"; } | grep -qF -e "$CANARY" -e 'PRIVATE KEY-----' -e '__REPLACE_WITH_POSTGRES'; then
      complain "a secret is in $(basename "$file")"
      return 1
    fi
  done
}

every_executable_starts() {
  local name
  for name in "${EXECUTABLES[@]}"; do
    [[ $(hardened "$RUNTIME_IMAGE" "$name" --version) == *"$IMAGE_VERSION"* ]] || { complain "$name --version fails"; return 1; }
  done
}

# exits CODE TEXT ARGUMENT...: the container ends with the code and says the text.
exits() {
  local code=$1 text=$2 seen=0 output
  shift 2
  output=$(hardened "$@" 2>&1) || seen=$?
  [[ $seen == "$code" && $output == *"$text"* ]] || { complain "it ended with $seen and said: $output"; return 1; }
}

start_service() {
  podman run --detach --name "$CONTAINER" --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
    --memory 512m --cpus 1 --publish 127.0.0.1::8085 --env ONEX_EVENT_BUS_TYPE=inmemory "$RUNTIME_IMAGE" >/dev/null
  PORT=$(podman port "$CONTAINER" 8085)
}

answers() {
  local deadline=$((SECONDS + 30))
  until curl --silent --fail --max-time 2 "http://$PORT$1" >"$WORK/answer" 2>/dev/null; do
    ((SECONDS < deadline)) || { podman logs "$CONTAINER" | tail -n 20 >&2; return 1; }
  done
  grep -qF "$2" "$WORK/answer" || { cat "$WORK/answer" >&2; return 1; }
}

runs_as_nobody_special() {
  local status
  # shellcheck disable=SC2016 # $f is the inner shell's
  status=$(podman exec "$CONTAINER" sh -c 'for f in /proc/[0-9]*; do [ "$(cat $f/comm)" = runtime-main ] && cat $f/status; done; true')
  [[ $status == *$'Uid:\t1000\t1000'* && $status == *$'CapEff:\t0000000000000000'* && $status == *$'NoNewPrivs:\t1'* ]] &&
    ! podman exec "$CONTAINER" sh -c 'touch /app/contracts/x || touch /usr/x' 2>/dev/null
}

drains() {
  podman stop --time 40 "$CONTAINER" >/dev/null
  is "$(podman inspect --format '{{.State.ExitCode}}' "$CONTAINER")" 0
}

main() {
  require_root
  "$REPO/deploy/verify/install-tools.sh" "${CONTAINER_PACKAGES[@]}"
  write_podman_config "$WORK/containers.conf"
  make_base_image
  make_swift_image
  make_context
  local revision
  revision=$(git -C "$REPO" rev-parse HEAD)
  build "$revision"
  expect "it is smaller than $SIZE_MAX bytes: $(inspect '{{.Size}}')" is_smaller "$(inspect '{{.Size}}')" "$SIZE_MAX"
  expect "its user is 1000:1000" is "$(inspect '{{.Config.User}}')" 1000:1000
  expect "tini is its first process" is "$(inspect '{{json .Config.Entrypoint}}')" '["/usr/bin/tini","--"]'
  expect "it has a health check" is "$(inspect '{{json .HealthCheck.Test}}')" '["CMD","onexctl","health","--self"]'
  expect "its revision is labelled" is "$(inspect '{{index .Labels "org.opencontainers.image.revision"}}')" "$revision"
  expect "its version is labelled" is "$(inspect '{{index .Labels "org.opencontainers.image.version"}}')" "$IMAGE_VERSION"
  expect "it holds no build tools" has_no_build_tools
  expect "no layer holds a secret that lay beside the sources" has_no_secret
  expect "every executable starts, and tells the version it was built as" every_executable_starts
  expect "without its database it says so and ends with 78" exits 78 POSTGRES_PASSWORD "$RUNTIME_IMAGE" runtime-effects
  expect "a placeholder is refused with 78" exits 78 __REPLACE_WITH \
    --env POSTGRES_PASSWORD=__REPLACE_WITH_POSTGRES_PASSWORD__ "$RUNTIME_IMAGE" runtime-main
  start_service
  expect "runtime-main is alive without root, capabilities and a writable file system" answers /health '"status":"healthy"'
  expect "it is ready" answers /ready '"status":"ready"'
  expect "it runs as 1000, with no capability and no way to get one, and cannot write" runs_as_nobody_special
  expect "the image's own health check passes" podman healthcheck run "$CONTAINER"
  expect "SIGTERM drains it: exit code 0" drains
}

main "$@"
