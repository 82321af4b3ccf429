#!/usr/bin/env bash
# wait-for-healthy.sh [--timeout SECONDS] URL...: waits until every URL answers 200, as /ready does when a service can work.
# On the way, and when it gives up, it says what the others answer. Needs bash and curl alone, so that a pipeline can copy it.
# exit codes: 0 all answer 200, 64 usage, 75 not within the time (120 s)
set -euo pipefail

readonly PROGRESS_SECONDS=5 BODY_MAX=2000
TIMEOUT=120
URLS=()

usage() {
  printf 'wait-for-healthy.sh: %s\nusage: wait-for-healthy.sh [--timeout SECONDS] URL...\n' "$1" >&2
  exit 64
}

while (($# > 0)); do
  case $1 in
    --timeout)
      [[ ${2:-} =~ ^[1-9][0-9]{0,4}$ ]] || usage "--timeout needs seconds from 1 to 99999"
      TIMEOUT=$2
      shift
      ;;
    http://* | https://*) URLS+=("$1") ;;
    *) usage "'$1' is no URL and no option" ;;
  esac
  shift
done
((${#URLS[@]} > 0)) || usage "which URLs?"

# Sets ANSWER to the status and, unless it is 200, the body: /ready says its reasons there.
look() {
  local text
  if ! text=$(curl --silent --show-error --max-time 3 --write-out '\n%{http_code}' "$1" 2>&1); then
    ANSWER="no answer: ${text%%$'\n'*}"
    return 1
  fi
  local body=${text%$'\n'*}
  ANSWER="${text##*$'\n'} ${body:0:BODY_MAX}"
  [[ ${text##*$'\n'} == 200 ]]
}

waiting=("${URLS[@]}") told=0
while true; do
  pending=() answers=()
  for url in "${waiting[@]}"; do
    if look "$url"; then
      printf '%s is ready after %d s\n' "$url" "$SECONDS"
    else
      pending+=("$url")
      answers+=("$url: $ANSWER")
    fi
  done
  ((${#pending[@]} > 0)) || exit 0
  waiting=("${pending[@]}")
  if ((SECONDS - told >= PROGRESS_SECONDS)); then
    told=$SECONDS
    printf '  … %d s, waiting for %s\n' "$SECONDS" "${waiting[*]}" >&2
  fi
  if ((SECONDS >= TIMEOUT)); then
    printf 'not ready within %d s:\n' "$TIMEOUT" >&2
    printf '  %s\n' "${answers[@]}" >&2
    exit 75
  fi
  sleep 1
done
