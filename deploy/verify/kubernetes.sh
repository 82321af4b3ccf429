#!/usr/bin/env bash
# Checks everything about Kubernetes that can be checked without a cluster: what each overlay renders to, the schemas, the rules
# of policy.py, the alerts, the gate, and the example pipelines.
set -euo pipefail

# shellcheck source=deploy/verify/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly VERIFY=$REPO/deploy/verify
# The newest Kubernetes that the schemas know, and the one in which the last field used here became stable.
readonly KUBERNETES_NEWEST=1.37 KUBERNETES_OLDEST=1.31
# Overlay and what ONEX_ENVIRONMENT is there.
readonly OVERLAYS=(dev:development staging:staging prod:production)
readonly ALERTS=$REPO/deploy/k8s/components/monitoring/alerts.yaml

WORK=$(mktemp -d)
readonly WORK
trap 'rm -rf "$WORK"' EXIT
export KUBECTL=$VERIFY_BIN/kubectl PYTHONDONTWRITEBYTECODE=1

# check WHAT COMMAND...: silent when it holds.
check() {
  local what=$1 started output
  started=$(milliseconds)
  output=$(mktemp "$WORK/output.XXXXXX")
  shift
  if ! "$@" >"$output" 2>&1; then
    cat "$output" >&2
    fail 1 "$what: failed"
  fi
  printf 'ok  %5d ms  %s\n' "$(($(milliseconds) - started))" "$what"
}

render() {
  local overlay=$1
  "$KUBECTL" kustomize "$REPO/deploy/k8s/overlays/$overlay" >"$WORK/$overlay.yaml" &&
    "$KUBECTL" kustomize "$REPO/deploy/jobs/overlays/$overlay" >"$WORK/jobs-$overlay.yaml"
}

# An image that is promoted by its digest must reach every container of the runtime, and break no rule.
promote() {
  local image
  image=ghcr.io/acme/onex-runtime@sha256:$(printf '%064d' 1)
  "$REPO/deploy/ci/release.sh" prod "$image" "$WORK/release" &&
    "$KUBECTL" kustomize "$WORK/release/services" >"$WORK/promoted.yaml" &&
    "$KUBECTL" kustomize "$WORK/release/jobs" >"$WORK/promoted-jobs.yaml" || return 1
  ! grep -h 'image: .*onex-runtime' "$WORK"/promoted*.yaml | grep -v "$image" || return 1
  policy production "$WORK/promoted.yaml" "$WORK/promoted-jobs.yaml"
}

# One setting says where the runbooks are, for alerts and for services.
runbooks() {
  local copy=$WORK/runbooks url=https://wiki.example.com/onex
  mkdir "$copy" && cp -r "$REPO/deploy/k8s" "$copy/k8s" &&
    sed -i "s|ONEX_RUNBOOKS_URL=.*|ONEX_RUNBOOKS_URL=$url|" "$copy/k8s/components/settings/kustomization.yaml" &&
    "$KUBECTL" kustomize "$copy/k8s/overlays/prod" >"$WORK/runbooks.txt" || return 1
  grep -q "runbook_url: $url/alerts.md#onex" "$WORK/runbooks.txt" && ! grep 'runbook_url: docs' "$WORK/runbooks.txt"
}

policy() {
  "$VERIFY_BIN/python" "$VERIFY/policy.py" "$@"
}

alerts() {
  "$VERIFY_BIN/python" "$VERIFY/prometheus_rules.py" "$ALERTS" >"$WORK/rules.yaml" &&
    cp "$REPO/deploy/monitoring/alerts.test.yaml" "$WORK" &&
    promtool check rules "$WORK/rules.yaml" && promtool test rules "$WORK/alerts.test.yaml"
}

pipelines() {
  local ci=$REPO/deploy/ci
  "$VERIFY_BIN/check-jsonschema" --builtin-schema vendor.github-workflows "$ci/github-actions.yaml" &&
    "$VERIFY_BIN/check-jsonschema" --builtin-schema vendor.gitlab-ci --data-transform gitlab-ci "$ci/gitlab-ci.yaml" &&
    "$VERIFY_BIN/python" "$VERIFY/pipelines.py" "$ci/github-actions.yaml" "$ci/gitlab-ci.yaml"
}

scripts() {
  (cd "$REPO" && shellcheck --external-sources deploy/verify/*.sh deploy/jobs/*.sh deploy/ci/*.sh)
}

main() {
  "$VERIFY/install-tools.sh" curl prometheus shellcheck
  # These two mostly wait, so they begin first and are asked last.
  local waiting=() entry overlay environment version
  check "the gate and deploy.sh tell a release that works from one that does not" \
    "$VERIFY_BIN/python" "$VERIFY/gate_test.py" &
  waiting+=($!)
  check "wait-for-healthy.sh waits, and says why in vain" "$VERIFY_BIN/python" "$VERIFY/wait_test.py" &
  waiting+=($!)
  for entry in "${OVERLAYS[@]}"; do
    check "overlay ${entry%%:*} renders" render "${entry%%:*}"
  done
  for version in "$KUBERNETES_NEWEST" "$KUBERNETES_OLDEST"; do
    check "manifests are valid for Kubernetes $version" "$VERIFY_BIN/python" "$VERIFY/schemas.py" "$version" "$WORK"/*.yaml
  done
  for entry in "${OVERLAYS[@]}"; do
    overlay=${entry%%:*} environment=${entry##*:}
    check "overlay $overlay keeps the rules" policy "$environment" "$WORK/$overlay.yaml" "$WORK/jobs-$overlay.yaml"
  done
  check "every rule refuses what it is there for" "$VERIFY_BIN/python" "$VERIFY/policy_test.py" "$WORK"
  check "a release by digest reaches every container" promote
  check "alerts lead to the runbooks where they are" runbooks
  check "alerts fire when they should, and only then" alerts
  check "example pipelines are valid" pipelines
  check "shell scripts are clean" scripts
  local pid
  for pid in "${waiting[@]}"; do
    wait "$pid"
  done
}

main "$@"
