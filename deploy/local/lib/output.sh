# How the local scripts talk and how they end. Exit codes follow sysexits.h, as the services' own do.

# shellcheck disable=SC2034 # read by the scripts that source this file
readonly EXIT_USAGE=64 EXIT_UNAVAILABLE=69 EXIT_CONFIG=78

say() {
  printf '%s\n' "$*"
}

complain() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
}

# fail CODE MESSAGE
fail() {
  local code=$1
  shift
  complain "$*"
  exit "$code"
}

milliseconds() {
  local now=${EPOCHREALTIME/[.,]/}
  printf '%s' "$((now / 1000))"
}

json_string() {
  local text=${1//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//$'\n'/\\n}
  printf '"%s"' "$(tr -d '\000-\037' <<<"$text")"
}
