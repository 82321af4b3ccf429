# What a stack consists of, and which names stand for what.

readonly WORKER_REPLICAS_MAX=64

# Set by load_settings.
WORKER_COUNT=1

worker_names() {
  local i
  for ((i = 1; i <= WORKER_COUNT; i++)); do
    printf 'runtime-worker-%d\n' "$i"
  done
}

all_components() {
  printf '%s\n' postgres broker topic-manager runtime-main runtime-effects
  worker_names
  printf '%s\n' agent-actions-consumer
}

# Components are started phase by phase: each phase needs the ones before it.
phase_of() {
  case $1 in
    postgres | broker) printf 1 ;;
    topic-manager) printf 2 ;;
    *) printf 3 ;;
  esac
}

# expand_names NAME...: full component names in starting order; without names, all of them.
expand_names() {
  local wanted=' ' name component
  if (($# == 0)); then
    all_components
    return
  fi
  for name in "$@"; do
    wanted+="$(expand_name "$name" | tr '\n' ' ')"
  done
  for component in $(all_components); do
    [[ $wanted != *" $component "* ]] || printf '%s\n' "$component"
  done
}

expand_name() {
  case $1 in
    infra) printf '%s\n' postgres broker ;;
    runtime-worker) worker_names ;;
    *) printf '%s\n' "$1" ;;
  esac
}

check_names() {
  local name known
  known=" infra runtime-worker $(all_components | tr '\n' ' ')"
  for name in "$@"; do
    [[ $known == *" $name "* ]] || fail "$EXIT_USAGE" "no component is called '$name'; the names are:${known% }"
  done
}

# A service is of no use without what the earlier phases start, so `up` takes those along.
with_prerequisites() {
  local name phase=1 component
  for name in "$@"; do
    (($(phase_of "$name") <= phase)) || phase=$(phase_of "$name")
  done
  for component in $(all_components); do
    if (($(phase_of "$component") < phase)) || [[ " $* " == *" $component "* ]]; then
      printf '%s\n' "$component"
    fi
  done
}
