#!/usr/bin/env bash
# Says whether a release that has been applied works: the migration is done, every Deployment is rolled out, and one request of
# each kind is answered.
set -euo pipefail

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly REPO
# shellcheck source=deploy/local/lib/output.sh
source "$REPO/deploy/local/lib/output.sh"

readonly EXIT_FAILED=1 EXIT_TIMEOUT=75
readonly KUBECTL=${KUBECTL:-kubectl}
readonly POLL_SECONDS=2 PROGRESS_SECONDS=10 LOG_LINES=40

NAMESPACE='' JOBS='' TIMEOUT=600 JSON=no UNTIL=smoke

# What has been found so far: step by step, in order.
STEPS=() SMOKE_LOG=''
declare -A RESULT=() DETAIL=() TOOK=()

usage() {
  cat <<'TEXT'
usage: run-postdeploy-gate.sh --overlay NAME | --jobs DIR --namespace NAME [options]

  --overlay NAME    dev, staging or prod: the smoke Job of deploy/jobs/overlays/NAME, in the namespace onex-NAME
  --jobs DIR        another kustomization with the Job onex-smoke, as deploy/ci/release.sh writes it
  --namespace NAME  where the release is
  --until migration ends after that step, for a release whose services are not applied before their database is ready
  --timeout S       for everything together, in seconds (600)
  --json            one JSON object on standard output instead of a table

kubectl is taken from PATH, or from KUBECTL; the cluster is that of its current context.
exit codes: 0 works, 1 does not, 64 usage, 69 cluster unreachable, 75 not finished in time
TEXT
}

parse_arguments() {
  local overlay=''
  while (($# > 0)); do
    case $1 in
      --help | -h) usage && exit 0 ;;
      --json) JSON=yes && shift && continue ;;
      --overlay | --jobs | --namespace | --timeout | --until) (($# > 1)) || refuse "$1 needs a value" ;;
      *) refuse "unknown argument '$1'" ;;
    esac
    case $1 in
      --overlay) overlay=$2 ;;
      --jobs) JOBS=$2 ;;
      --namespace) NAMESPACE=$2 ;;
      --timeout) TIMEOUT=$2 ;;
      --until) UNTIL=$2 ;;
    esac
    shift 2
  done
  [[ -z $overlay || -z $JOBS ]] || refuse "--overlay and --jobs exclude each other"
  if [[ -n $overlay ]]; then
    JOBS=$REPO/deploy/jobs/overlays/$overlay NAMESPACE=${NAMESPACE:-onex-$overlay}
  fi
  [[ -n $JOBS && -n $NAMESPACE ]] || refuse "--overlay is needed, or --jobs and --namespace"
  [[ -f $JOBS/kustomization.yaml ]] || refuse "there is no $JOBS/kustomization.yaml"
  [[ $UNTIL == migration || $UNTIL == smoke ]] || refuse "--until is '$UNTIL': migration or smoke is needed"
  [[ $TIMEOUT =~ ^[1-9][0-9]{0,4}$ ]] || refuse "--timeout is '$TIMEOUT': seconds from 1 to 99999 are needed"
}

refuse() {
  complain "$1"
  usage >&2
  exit "$EXIT_USAGE"
}

cluster() {
  "$KUBECTL" --namespace "$NAMESPACE" --request-timeout 10s "$@"
}

now() {
  printf '%s' "$(($(milliseconds) / 1000))"
}

out_of_time() {
  (($(now) - STARTED >= TIMEOUT))
}

# finish STEP RESULT DETAIL
finish() {
  RESULT[$1]=$2 DETAIL[$1]=$3 TOOK[$1]=$(($(now) - STARTED))
}

# open_step STEP...: named in the report from now on, whatever becomes of it.
open_step() {
  local step
  for step in "$@"; do
    STEPS+=("$step")
    finish "$step" waiting ''
  done
}

waiting_steps() {
  local step
  for step in "$@"; do
    [[ ${RESULT[$step]} != waiting ]] || printf '%s\n' "$step"
  done
}

# Finishes the step, or says in DETAIL what it is waiting for.
look_at() {
  case $1 in
    migration) look_at_migration "$1" ;;
    smoke) look_at_smoke "$1" ;;
    *) look_at_rollout "$1" ;;
  esac
}

# wait_for STEP...: until every one of them is finished, or time is up.
wait_for() {
  local told step pending
  told=$(now)
  while true; do
    mapfile -t pending < <(waiting_steps "$@")
    ((${#pending[@]} > 0)) || return 0
    for step in "${pending[@]}"; do
      look_at "$step"
    done
    mapfile -t pending < <(waiting_steps "$@")
    ((${#pending[@]} > 0)) || return 0
    if out_of_time; then
      for step in "${pending[@]}"; do
        finish "$step" timeout "${DETAIL[$step]}"
      done
      return 0
    fi
    if (($(now) - told >= PROGRESS_SECONDS)); then
      told=$(now)
      for step in "${pending[@]}"; do
        printf '  … %d s: %s: %s\n' "$((told - STARTED))" "$step" "${DETAIL[$step]}" >&2
      done
    fi
    sleep "$POLL_SECONDS"
  done
}

# conditions_of JOB: the words that are true of it, such as Complete or Failed; fails with kubectl's own words.
conditions_of() {
  cluster get job "$1" -o 'jsonpath={.status.conditions[?(@.status=="True")].type}' 2>&1
}

look_at_migration() {
  local words
  if ! words=$(conditions_of onex-migrate); then
    [[ $words != *NotFound* ]] ||
      finish "$1" failed "there is no Job onex-migrate: apply it before the services (docs/reference/kubernetes.md)"
    DETAIL[$1]=${DETAIL[$1]:-$words}
    return
  fi
  case " $(last_line "$words") " in
    *' Complete '*) finish "$1" ok "the Job onex-migrate is complete" ;;
    *' Failed '*) finish "$1" failed "the Job onex-migrate has failed: kubectl -n $NAMESPACE logs job/onex-migrate" ;;
    *) DETAIL[$1]="the Job onex-migrate is running$(why_pods_wait onex-migrate)" ;;
  esac
}

# Why containers of a Job's pods have not started, when they have not.
why_pods_wait() {
  local reasons
  reasons=$(cluster get pods -l "batch.kubernetes.io/job-name=$1" \
    -o 'jsonpath={.items[*].status.containerStatuses[*].state.waiting.reason}' 2>/dev/null) || return 0
  [[ -z $reasons ]] || printf ', its pod waits: %s' "$reasons"
}

# The last line that kubectl means for people: its libraries' own lines begin like W1121 21:19:57.
last_line() {
  grep -vE '^[IWEF][0-9]{4} ' <<<"$1" | tail -n 1 || true
}

look_at_rollout() {
  local words
  if words=$(cluster rollout status "deployment/$1" --watch=false 2>&1); then
    # kubectl ends with 0 here also while it is under way; only the words tell.
    DETAIL[$1]=$(last_line "$words")
    [[ $words != *'successfully rolled out'* ]] || finish "$1" ok 'rolled out'
  elif [[ $words == *'exceeded its progress deadline'* ]]; then
    finish "$1" failed "gave up: kubectl -n $NAMESPACE describe pods -l app.kubernetes.io/name=$1"
  else
    DETAIL[$1]=$(last_line "$words")
  fi
}

check_rollouts() {
  local names deployments
  names=$(cluster get deployments -l app.kubernetes.io/part-of=onex -o 'jsonpath={.items[*].metadata.name}' 2>&1) ||
    fail "$EXIT_UNAVAILABLE" "cannot list the Deployments of $NAMESPACE: $names"
  read -r -a deployments <<<"$names"
  if ((${#deployments[@]} == 0)); then
    open_step deployments
    finish deployments failed "no Deployment in $NAMESPACE has the label app.kubernetes.io/part-of=onex"
    return
  fi
  open_step "${deployments[@]}"
  wait_for "${deployments[@]}"
}

# A Job cannot be changed or run again, so the last release's goes first. Whatever is not the migration's is the smoke test's.
start_smoke() {
  local words
  if ! words=$(cluster delete job onex-smoke --ignore-not-found --wait --timeout 60s 2>&1) ||
    ! words=$(cluster apply -k "$JOBS" -l 'app.kubernetes.io/component!=migration' 2>&1); then
    finish smoke failed "the Job onex-smoke could not be made: $(last_line "$words")"
  fi
}

look_at_smoke() {
  local words
  if ! words=$(conditions_of onex-smoke); then
    DETAIL[$1]=$words
    return
  fi
  case " $(last_line "$words") " in
    *' Complete '*) finish "$1" ok 'every request was answered' ;;
    *' Failed '*) finish "$1" failed "$(smoke_failure)" ;;
    *) DETAIL[$1]="the Job onex-smoke is running$(why_pods_wait onex-smoke)" ;;
  esac
}

smoke_failure() {
  local code
  code=$(cluster get pods -l batch.kubernetes.io/job-name=onex-smoke \
    -o 'jsonpath={.items[0].status.containerStatuses[0].state.terminated.exitCode}' 2>/dev/null) || true
  case $code in
    1) printf 'a request was not answered as it should be (exit code 1)' ;;
    69) printf 'the broker was not reachable from its pod (exit code 69)' ;;
    78) printf 'its settings are not valid (exit code 78)' ;;
    '') printf 'its pod did not end by itself: the Job ran out of time, or the pod was evicted' ;;
    *) printf 'exit code %s' "$code" ;;
  esac
}

check_smoke() {
  open_step smoke
  local step
  for step in "${STEPS[@]}"; do
    if [[ ${RESULT[$step]} != ok && $step != smoke ]]; then
      finish smoke skipped "not asked, since $step is not ok"
      return
    fi
  done
  start_smoke
  wait_for smoke
  SMOKE_LOG=$(cluster logs job/onex-smoke --tail "$LOG_LINES" 2>&1) || true
}

# The worst of all steps decides; a failure that is known weighs more than a wait that was cut off.
exit_code() {
  local step code=0
  for step in "${STEPS[@]}"; do
    case ${RESULT[$step]} in
      failed) code=$EXIT_FAILED ;;
      timeout) ((code != 0)) || code=$EXIT_TIMEOUT ;;
    esac
  done
  printf '%s' "$code"
}

print_table() {
  local step
  [[ -z $SMOKE_LOG ]] || printf '%s\n\n' "$SMOKE_LOG"
  printf '%-24s %-8s %7s  %s\n' STEP RESULT SECONDS DETAIL
  for step in "${STEPS[@]}"; do
    printf '%-24s %-8s %7d  %s\n' "$step" "${RESULT[$step]}" "${TOOK[$step]}" "${DETAIL[$step]}"
  done
}

print_json() {
  local step rows='' separator=''
  for step in "${STEPS[@]}"; do
    rows+=$separator$(printf '{"name":%s,"result":%s,"seconds":%d,"detail":%s}' "$(json_string "$step")" \
      "$(json_string "${RESULT[$step]}")" "${TOOK[$step]}" "$(json_string "${DETAIL[$step]}")")
    separator=,
  done
  printf '{"namespace":%s,"exit_code":%d,"steps":[%s],"smoke_log":%s}\n' \
    "$(json_string "$NAMESPACE")" "$1" "$rows" "$(json_string "$SMOKE_LOG")"
}

main() {
  parse_arguments "$@"
  command -v "$KUBECTL" >/dev/null || fail "$EXIT_UNAVAILABLE" "there is no $KUBECTL on PATH; KUBECTL names another"
  STARTED=$(now)
  readonly STARTED
  local words
  words=$(cluster get deployments -o name 2>&1) ||
    fail "$EXIT_UNAVAILABLE" "the cluster does not answer: $(last_line "$words")"
  open_step migration
  wait_for migration
  if [[ $UNTIL == smoke ]]; then
    check_rollouts
    check_smoke
  fi
  local code
  code=$(exit_code)
  if [[ $JSON == yes ]]; then print_json "$code"; else print_table; fi
  exit "$code"
}

main "$@"
