# shellcheck shell=bash
# Reads a page, runs its commands and compares what they print with what the page says. Sourced by run.sh and selftest.sh.
#
# A block ```sh holds commands, one a line (a backslash at the end goes on; two blanks and `# ` begin a remark). A block ```text behind it is what the last of them
# prints, all of it: `…` stands for anything within a line, a line that is only `…` for any number of lines, and how many blanks
# are before or between words does not count. In a block ```sh until, the command is repeated until it prints that, for a minute at most.
# Every other block is there to be read.

export LC_ALL=C.UTF-8

# How long a block ```sh until may take, and how long any command.
UNTIL_SECONDS_MAX=${UNTIL_SECONDS_MAX:-60}
readonly COMMAND_SECONDS_MAX=900

# Commands that are not run, each with the reason. Filled by run.sh.
declare -A NOT_RUN=()
RAN=0 COMPARED=0 LEFT_OUT=0

# page_steps FILE: what is to be done, one a line and in order, fields separated by tabs:
#   run|until LINE COMMAND        and behind it, where there is a text block:   want LINE TEXT …
#   problem LINE WHAT
page_steps() {
  awk '
    function problem(line, text) { print "problem\t" line "\t" text }
    function command(line) {
      if (!held_line) held_line = FNR
      held = held line
      if (sub(/\\$/, "", held)) return
      sub(/[[:space:]][[:space:]]+# .*$/, "", held)
      commands++
      print kind "\t" held_line "\t" held
      held = ""; held_line = 0
    }
    BEGIN { kind = "" }
    /^```/ && kind == "" {
      opened = FNR; commands_before = commands; word = substr($0, 4)
      if (word == "sh") kind = "run"
      else if (word == "sh until") kind = "until"
      else if (word ~ /^sh/) { problem(FNR, "a block of commands is ```sh or ```sh until, not " $0); kind = "other" }
      else if (word == "text") {
        kind = "want"
        if (!awaiting) problem(FNR, "a block ```text needs a block of commands before it")
        if (is_until == 1) is_until = 2
        awaiting = 0
      }
      else kind = "other"
      if (kind == "run" || kind == "until") {
        if (is_until == 1) problem(until_line, "a block ```sh until needs a block ```text behind it")
        awaiting = 1; is_until = (kind == "until"); until_line = FNR
      }
      next
    }
    /^```/ {
      if (held) problem(FNR, "the last command of the block goes on after its end")
      if (kind == "until" && commands - commands_before != 1) problem(opened, "a block ```sh until holds one command")
      kind = ""; next
    }
    kind == "run" || kind == "until" { if (NF) command($0); next }
    kind == "want" { print "want\t" FNR "\t" $0 }
    END {
      if (kind != "") problem(opened, "the block does not end")
      if (is_until == 1) problem(until_line, "a block ```sh until needs a block ```text behind it")
    }' "$1"
}

# matches_line WANTED GOT
matches_line() {
  local wanted got
  # Every character but `…` stands for itself, whatever it means in a pattern.
  wanted=$(sed -E 's/[[:blank:]]+/ /g; s/^ | $//g; s/[^[:alnum:] …]/\\&/g; s/…/*/g' <<<"$1")
  got=$(sed -E 's/[[:blank:]]+/ /g; s/^ | $//g' <<<"$2")
  # shellcheck disable=SC2053 # a pattern is meant
  [[ $got == $wanted ]]
}

# compare WANTED-FILE GOT-FILE: fails and prints the first difference. The wanted file has "LINE<tab>TEXT" lines.
compare() {
  local -a numbers=() wanted=() got=()
  local number text i=0 j=0 end=0 last_gap=-1 skips=no
  while IFS=$'\t' read -r number text; do
    numbers+=("$number") wanted+=("$text")
    ! is_gap "$text" || last_gap=$((${#wanted[@]} - 1))
  done <"$1"
  mapfile -t got <"$2"
  for ((i = 0; i < ${#wanted[@]}; i++)); do
    if is_gap "${wanted[i]}"; then
      skips=yes
      # What is behind the last gap is the end of the output.
      ((i < last_gap || (end = ${#got[@]} - (${#wanted[@]} - i - 1)) < j)) || j=$end skips=no
      ((i < ${#wanted[@]} - 1)) || return 0
      continue
    fi
    while [[ $skips == yes ]] && ((j < ${#got[@]})) && ! matches_line "${wanted[i]}" "${got[j]}"; do j=$((j + 1)); done
    if ((j >= ${#got[@]})) || ! matches_line "${wanted[i]}" "${got[j]}"; then
      printf 'line %s\n  expected: %s\n  got:      %s\n' "${numbers[i]}" "${wanted[i]}" "${got[j]-(nothing more)}"
      return 1
    fi
    j=$((j + 1)) skips=no
  done
  ((j < ${#got[@]})) || return 0
  printf 'line %s\n  expected: (nothing more)\n  got:      %s\n' "${numbers[-1]:-?}" "${got[j]}"
  return 1
}

# A line that stands for any number of lines.
is_gap() { [[ $1 =~ ^[[:blank:]]*…[[:blank:]]*$ ]]; }

# As a person's shell would: the stack's settings, the built programs, and nothing else kept between two commands.
execute() {
  # shellcheck disable=SC2016 # the inner shell's
  local command='[ -e .local/stack.env ] && source .local/stack.env; PATH=$PWD/.build/release:$PATH; '"$1"
  timeout --foreground "$COMMAND_SECONDS_MAX" bash -euo pipefail -c "$command" >"$2" 2>&1 </dev/null
}

# run_step FILE KIND LINE COMMAND WANTED-FILE: fails after saying what is wrong, where.
run_step() {
  local place=$1:$3 kind=$2 command=$4 expected=$5 reason difference code=0 until
  reason=${NOT_RUN[$command]:-}
  if [[ -n $reason ]]; then
    LEFT_OUT=$((LEFT_OUT + 1))
    printf 'left out  %s  %s (%s)\n' "$place" "$command" "$reason"
    return
  fi
  until=$((SECONDS + UNTIL_SECONDS_MAX))
  while :; do
    code=0 difference=''
    execute "$command" "$WORK/output" || code=$?
    if ((code == 0)) && { [[ ! -s $expected ]] || difference=$(compare "$expected" "$WORK/output"); }; then break; fi
    if [[ $kind != until ]] || ((SECONDS >= until)); then
      explain "$place" "$command" "$code" "$difference"
      return 1
    fi
    sleep 0.2
  done
  RAN=$((RAN + 1))
  [[ ! -s $expected ]] || COMPARED=$((COMPARED + 1))
  printf 'ok        %s  %s\n' "$place" "$command"
}

explain() {
  printf 'FAILED    %s  %s\n' "$1" "$2"
  (($3 == 0)) || printf 'exit code %s\n' "$3"
  [[ -z $4 ]] || printf '%s, %s\n' "${1%:*}" "$4"
  printf 'What it printed:\n'
  tail -n 40 "$WORK/output" | sed 's/^/  | /'
}

# run_page FILE: all of its commands in order. Needs WORK, a folder for what they print.
run_page() {
  local file=$1 type line text kind='' at='' command=''
  page_steps "$file" >"$WORK/steps" || return 1
  if grep -q '^problem' "$WORK/steps"; then
    awk -F '\t' -v file="$file" '$1 == "problem" { print "FAILED    " file ":" $2 "  " $3 }' "$WORK/steps"
    return 1
  fi
  : >"$WORK/wanted"
  while IFS=$'\t' read -r type line text <&4; do
    if [[ $type == want ]]; then
      printf '%s\t%s\n' "$line" "$text" >>"$WORK/wanted"
      continue
    fi
    [[ -z $kind ]] || run_step "$file" "$kind" "$at" "$command" "$WORK/wanted" || return 1
    : >"$WORK/wanted"
    kind=$type at=$line command=$text
  done 4<"$WORK/steps"
  [[ -z $kind ]] || run_step "$file" "$kind" "$at" "$command" "$WORK/wanted"
}
