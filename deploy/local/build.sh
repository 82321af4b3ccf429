#!/usr/bin/env bash
# swift build with the flags that every build here uses. Arguments are passed on, for example: -c release
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=deploy/local/lib/swift-flags.sh
source deploy/local/lib/swift-flags.sh
exec swift build "${SWIFT_FLAGS[@]}" "$@"
