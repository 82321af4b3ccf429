#!/usr/bin/env bash
# Fails when the pages that are generated from the contracts are not what the contracts say.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=deploy/local/lib/swift-flags.sh
source deploy/local/lib/swift-flags.sh
# What is built tells whether it is up to date; only its problems are of interest here.
deploy/local/build.sh --product topic-manager >&2
exec "$(swift build "${SWIFT_FLAGS[@]}" --show-bin-path)/topic-manager" catalogue --check --dir contracts
