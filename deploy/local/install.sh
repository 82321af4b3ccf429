#!/usr/bin/env bash
# Installs what building, testing and running need on Debian 12. Quiet, and well under half a second, when nothing is missing.
set -euo pipefail

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly REPO
# shellcheck source=deploy/local/lib/output.sh
source "$REPO/deploy/local/lib/output.sh"
# shellcheck source=deploy/local/lib/tools.sh
source "$REPO/deploy/local/lib/tools.sh"

readonly PACKAGES=(
  ca-certificates curl g++ make pkg-config util-linux
  libcurl4-openssl-dev libmicrohttpd-dev libnghttp2-dev libpq-dev librdkafka-dev libsimdjson-dev libssl-dev libyaml-dev
)
readonly REQUIREMENTS=$REPO/deploy/local/requirements.txt
readonly SWIFT_MINIMUM=6.0 RDKAFKA_MINIMUM=2.0.2 POSTGRES_MINIMUM=14

main() {
  local missing=()
  mapfile -t missing < <(missing_packages)
  ((${#missing[@]} == 0)) || install_packages "${missing[@]}"
  mkdir -p "$TOOLS_DIR"
  check_versions
  broker_is_installed || install_broker
}

missing_packages() {
  local installed package
  installed=" $(dpkg-query -W -f '${db:Status-Status}:${Package} ' "${PACKAGES[@]}" 2>/dev/null || true)"
  for package in "${PACKAGES[@]}"; do
    [[ $installed == *" installed:$package "* ]] || printf '%s\n' "$package"
  done
  # Any PostgreSQL server will do, also one from another archive under a versioned package name.
  { postgres_bin_dir >/dev/null && command -v psql >/dev/null; } || printf '%s\n' postgresql
  broker_is_installed || python_with_venv >/dev/null || printf '%s\n' python3-venv
}

install_packages() {
  local as_root=()
  if ((EUID != 0)); then
    if command -v sudo >/dev/null && { [[ -t 0 ]] || sudo -n true 2>/dev/null; }; then
      as_root=(sudo)
    else
      fail "$EXIT_UNAVAILABLE" "these packages are missing and need root to install: $*
Have an administrator run:  apt-get update && apt-get install -y --no-install-recommends $*"
    fi
  fi
  say "Installing Debian packages: $*"
  local log
  log=$(mktemp)
  if ! "${as_root[@]}" apt-get update >"$log" 2>&1 ||
    ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y --no-install-recommends "$@" >>"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    fail "$EXIT_UNAVAILABLE" "apt-get could not install them; its whole output is in $log"
  fi
  rm -f "$log"
}

# require_version NAME FOUND MINIMUM ADVICE
require_version() {
  [[ -n $2 && $(printf '%s\n' "$3" "$2" | sort -V | head -n 1) == "$3" ]] ||
    fail "$EXIT_UNAVAILABLE" "$1 ${2:-(no version found)} is too old: $3 or newer is needed. $4"
}

check_versions() {
  check_swift_version
  require_version librdkafka "$(pkg-config --modversion rdkafka)" "$RDKAFKA_MINIMUM" "Upgrade the package librdkafka-dev."
  local server
  server=$("$(postgres_bin_dir)/postgres" --version | grep -oE '[0-9]+(\.[0-9]+)*' | head -n 1)
  require_version PostgreSQL "$server" "$POSTGRES_MINIMUM" "Upgrade the package postgresql."
}

# The compiler takes a second to tell its version, so the answer is kept for as long as the compiler is the same file.
check_swift_version() {
  local swift identity cache=$TOOLS_DIR/swift-version
  swift=$(command -v swift) ||
    fail "$EXIT_UNAVAILABLE" "no swift on PATH: install Swift $SWIFT_MINIMUM or newer from swift.org/install and try again"
  identity="$(readlink -f "$swift") $(stat -L -c '%Y %s' "$swift")"
  [[ -f $cache && $(<"$cache") == "$identity" ]] && return
  local version
  version=$(swift --version 2>/dev/null | grep -oE 'Swift version [0-9.]+' | grep -oE '[0-9.]+' || true)
  require_version Swift "$version" "$SWIFT_MINIMUM" "See swift.org/install."
  printf '%s\n' "$identity" >"$cache"
}

# A python3 on PATH that comes from a version manager may lack venv, or stand for no version at all.
python_with_venv() {
  local candidate
  for candidate in python3 /usr/bin/python3; do
    "$candidate" -c 'import ensurepip, venv' 2>/dev/null && printf '%s' "$candidate" && return 0
  done
  return 1
}

# The mark is written last and holds the pins, so a half-made environment and one for other pins are both made anew.
broker_is_installed() {
  cmp -s "$REQUIREMENTS" "$TOOLS_DIR/venv/.installed" && [[ -x $(broker_binary) ]]
}

install_broker() {
  exec 8>"$TOOLS_DIR/.lock"
  flock 8
  if ! broker_is_installed; then
    say "Installing the development broker into $TOOLS_DIR/venv"
    "$(python_with_venv)" -m venv --clear "$TOOLS_DIR/venv"
    "$TOOLS_DIR/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
      --require-hashes --only-binary=:all: --no-deps -r "$REQUIREMENTS" </dev/null ||
      fail "$EXIT_UNAVAILABLE" "pip could not install the broker; the lines above say why"
    chmod 755 "$(broker_binary)"
    cp "$REQUIREMENTS" "$TOOLS_DIR/venv/.installed"
  fi
  exec 8>&-
}

main "$@"
