#!/usr/bin/env bash
# install-tools.sh [PACKAGE...]: the pinned tools of requirements.txt, and the Debian packages named. Quiet when all is there.
set -euo pipefail

# shellcheck source=deploy/verify/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=deploy/local/lib/packages.sh
source "$REPO/deploy/local/lib/packages.sh"

readonly REQUIREMENTS=$REPO/deploy/verify/requirements.txt

main() {
  local missing=()
  (($# == 0)) || mapfile -t missing < <(missing_of "$@")
  python_with_venv >/dev/null || missing+=(python3-venv)
  ((${#missing[@]} == 0)) || install_packages "${missing[@]}"
  pins_are_installed "$VERIFY_VENV" "$REQUIREMENTS" && return
  mkdir -p "$TOOLS_DIR"
  install_pins "$VERIFY_VENV" "$REQUIREMENTS" "the tools of the checks"
}

main "$@"
