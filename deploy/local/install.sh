#!/usr/bin/env bash
# Installs what building, testing and running need on Debian 12. Quiet, and well under half a second, when nothing is missing.
set -euo pipefail

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly REPO
# shellcheck source=deploy/local/lib/output.sh
source "$REPO/deploy/local/lib/output.sh"
# shellcheck source=deploy/local/lib/tools.sh
source "$REPO/deploy/local/lib/tools.sh"
# shellcheck source=deploy/local/lib/packages.sh
source "$REPO/deploy/local/lib/packages.sh"

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
  missing_of "${PACKAGES[@]}"
  # Any PostgreSQL server will do, also one from another archive under a versioned package name.
  { postgres_bin_dir >/dev/null && command -v psql >/dev/null; } || printf '%s\n' postgresql
  broker_is_installed || python_with_venv >/dev/null || printf '%s\n' python3-venv
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

broker_is_installed() {
  pins_are_installed "$TOOLS_DIR/venv" "$REQUIREMENTS" && [[ -x $(broker_binary) ]]
}

install_broker() {
  install_pins "$TOOLS_DIR/venv" "$REQUIREMENTS" "the development broker"
  chmod 755 "$(broker_binary)" ||
    fail "$EXIT_UNAVAILABLE" "the broker's executable is not there any more: delete $TOOLS_DIR/venv and try again"
}

main "$@"
