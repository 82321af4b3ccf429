#!/usr/bin/env bash
# What the pages must have without running anything: every reason code and alert its section in alerts.md and none too many, every
# runbook its four sections, every link its target.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export LC_ALL=C.UTF-8
failed=0

complain() {
  printf 'FAILED    %s\n' "$1"
  failed=1
}

# The codes that a service can raise: the capitals between quotes in the sources that raise something.
reason_codes() {
  local sources
  mapfile -t sources < <(grep -rlE 'health\.raise\(|HealthReason\(' Libraries Services --include='*.swift')
  # READY is a line of a log; names that begin with ONEX_ are settings.
  grep -ohE '"[A-Z]+(_[A-Z]+)*"' "${sources[@]}" | tr -d '"' | grep -vxE 'READY|ONEX_.*' | sort -u
}

alert_names() {
  local rules=deploy/k8s/components/monitoring
  if [[ -d $rules ]]; then
    grep -rhoE 'alert: +[A-Za-z]+' "$rules" | awk '{ print $2 }' | sort -u
  else
    sections | grep '^Onex'
  fi
}

sections() { sed -nE 's/^## ([A-Z_]+|Onex[A-Za-z]+)$/\1/p' docs/operations/alerts.md | sort; }

check_alerts() {
  local name
  for name in $(comm -23 <({ reason_codes; alert_names; } | sort) <(sections)); do
    complain "docs/operations/alerts.md has no section '## $name'"
  done
  for name in $(comm -13 <({ reason_codes; alert_names; } | sort) <(sections)); do
    complain "docs/operations/alerts.md has a section '## $name', which nothing raises, or has it twice"
  done
}

# The four questions of whoever is called.
check_runbooks() {
  local name section
  for name in deploy upgrade scale-workers drain-a-node broker-down database-down dead-letters consumer-lag topic-drift \
    rotate-credentials backup-and-restore replay disaster-recovery; do
    for section in Symptoms Checks Actions 'Over when'; do
      grep -qsx "## $section" "docs/operations/$name.md" || complain "docs/operations/$name.md has no section '## $section'"
    done
  done
}

# anchors FILE: of its headings, as GitHub makes them.
anchors() {
  sed -nE 's/^#+ (.*)$/\1/p' "$1" | tr '[:upper:]' '[:lower:]' | sed -E 's/[^[:alnum:] _-]//g; s/ /-/g'
}

check_links() {
  local file line target path anchor
  while IFS=$'\t' read -r file line target; do
    [[ $target != *://* ]] || continue
    path=${target%%#*} anchor=''
    [[ $target != *'#'* ]] || anchor=${target#*#}
    path=$([[ -z $path ]] && printf '%s' "$file" || printf '%s/%s' "$(dirname "$file")" "$path")
    if [[ ! -e $path ]]; then
      complain "$file:$line links to $target, which does not exist"
    elif [[ -n $anchor ]] && ! anchors "$path" | grep -qxF -- "$anchor"; then
      complain "$file:$line links to $target, which has no such section"
    fi
  done < <(awk '{ text = $0
    while (match(text, /\]\([^) ]+\)/)) {
      print FILENAME "\t" FNR "\t" substr(text, RSTART + 2, RLENGTH - 3); text = substr(text, RSTART + RLENGTH) } }
  ' README.md CONTRIBUTING.md CHANGELOG.md docs/*.md docs/*/*.md)
}

check_alerts
check_runbooks
check_links
exit "$failed"
