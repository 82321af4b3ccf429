# Where the pinned tools live. They are the same for every stack of a checkout, so stacks share them.

TOOLS_DIR=${ONEX_TOOLS_DIR:-$REPO/.local/tools}
[[ $TOOLS_DIR == /* ]] || TOOLS_DIR=$PWD/$TOOLS_DIR

# The wheel's own launcher starts the binary as a child and does not pass signals on to it, so the binary is called directly.
broker_binary() {
  local candidate
  for candidate in "$TOOLS_DIR"/venv/lib/python3*/site-packages/noida_db/noida-db; do
    [[ -f $candidate ]] && printf '%s' "$candidate" && return 0
  done
  return 1
}

# The newest server installed the Debian way, else whatever is on PATH.
postgres_bin_dir() {
  local newest
  newest=$(find /usr/lib/postgresql -mindepth 3 -maxdepth 3 -path '*/bin/postgres' 2>/dev/null | sort -V | tail -n 1)
  [[ -n $newest ]] || newest=$(command -v postgres) || return 1
  dirname "$newest"
}
