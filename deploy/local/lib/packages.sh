# Debian packages, and Python environments of pinned wheels.

# missing_of PACKAGE...: those that are not installed.
missing_of() {
  local installed package
  installed=" $(dpkg-query -W -f '${db:Status-Status}:${Package} ' "$@" 2>/dev/null || true)"
  for package in "$@"; do
    [[ $installed == *" installed:$package "* ]] || printf '%s\n' "$package"
  done
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

# A python3 on PATH that comes from a version manager may lack venv, or stand for no version at all.
python_with_venv() {
  local candidate
  for candidate in python3 /usr/bin/python3; do
    "$candidate" -c 'import ensurepip, venv' 2>/dev/null && printf '%s' "$candidate" && return 0
  done
  return 1
}

# pins_are_installed VENV REQUIREMENTS. The mark is written last and holds the pins, so a half-made environment and one for
# other pins are both made anew.
pins_are_installed() {
  cmp -s "$2" "$1/.installed" && [[ -x $1/bin/python ]]
}

# install_pins VENV REQUIREMENTS WHAT: only wheels, only with the content that the requirements name.
install_pins() {
  exec 8>"$(dirname "$1")/.lock"
  flock 8
  if ! pins_are_installed "$1" "$2"; then
    say "Installing $3 into $1"
    "$(python_with_venv)" -m venv --clear "$1"
    "$1/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
      --require-hashes --only-binary=:all: --no-deps -r "$2" </dev/null ||
      fail "$EXIT_UNAVAILABLE" "pip could not install $3; the lines above say why"
    cp "$2" "$1/.installed"
  fi
  exec 8>&-
}
