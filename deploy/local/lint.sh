#!/usr/bin/env bash
# lint.sh lint: fails on Swift sources that are not as .swift-format says. lint.sh format: makes them so.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# Build folders hold generated sources, which nobody formats.
swift_sources() {
  local folder present=(Package.swift)
  for folder in Services Libraries Tests Benchmarks Examples; do
    [[ ! -d $folder ]] || present+=("$folder")
  done
  find "${present[@]}" -name '.build*' -prune -o -type f -name '*.swift' -print0
}

case ${1:-} in
  lint) swift_sources | xargs -0 swift format lint --strict --parallel ;;
  format) swift_sources | xargs -0 swift format format --in-place --parallel ;;
  *)
    printf 'usage: lint.sh lint|format\n' >&2
    exit 64
    ;;
esac
