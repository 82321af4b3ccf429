#!/usr/bin/env bash
# deploy.sh OVERLAY IMAGE: brings one environment to this image in the order that services need, and ends with the gate's verdict.
# The cluster is that of kubectl's current context; KUBECTL names another kubectl.
set -euo pipefail

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly REPO
# shellcheck source=deploy/local/lib/output.sh
source "$REPO/deploy/local/lib/output.sh"
readonly KUBECTL=${KUBECTL:-kubectl} GATE=$REPO/deploy/jobs/run-postdeploy-gate.sh

(($# == 2)) || fail "$EXIT_USAGE" "usage: deploy.sh OVERLAY IMAGE"
readonly NAMESPACE=onex-$1

RELEASE=$(mktemp -d)
readonly RELEASE
trap 'rm -rf "$RELEASE"' EXIT
"$REPO/deploy/ci/release.sh" "$1" "$2" "$RELEASE"

# A Job cannot be changed: those of the last release go first.
"$KUBECTL" --namespace "$NAMESPACE" delete job onex-migrate onex-topics --ignore-not-found
"$KUBECTL" apply -k "$RELEASE/jobs" -l 'app.kubernetes.io/component!=smoke'
"$GATE" --jobs "$RELEASE/jobs" --namespace "$NAMESPACE" --until migration --timeout 1800
"$KUBECTL" apply -k "$RELEASE/services"
"$GATE" --jobs "$RELEASE/jobs" --namespace "$NAMESPACE" --timeout 900
