# A private PostgreSQL cluster. The server refuses to run as root, so root hands it to the user that Debian's package creates.

readonly POSTGRES_USER_UNPRIVILEGED=postgres
readonly POSTGRES_HOME=$STATE/postgres

# Replaces itself by the command, so that the pid stays the one that was launched.
as_postgres() {
  if ((EUID == 0)); then
    exec setpriv --reuid="$POSTGRES_USER_UNPRIVILEGED" --regid="$POSTGRES_USER_UNPRIVILEGED" --init-groups -- "$@"
  else
    exec "$@"
  fi
}

check_postgres_installed() {
  postgres_bin_dir >/dev/null ||
    fail "$EXIT_UNAVAILABLE" "PostgreSQL's server is not installed: run deploy/local/install.sh"
  ((EUID != 0)) || id "$POSTGRES_USER_UNPRIVILEGED" >/dev/null 2>&1 ||
    fail "$EXIT_UNAVAILABLE" "root cannot run PostgreSQL and the user '$POSTGRES_USER_UNPRIVILEGED' is missing: install the package postgresql"
}

postgres_fallback() {
  printf '/var/tmp/onex-%s' "$(sha256sum <<<"$STATE" | cut -c 1-16)"
}

# The server's user may not be able to reach the state folder (/root is closed to others, for one). Then the cluster lives
# in /var/tmp under a name made from the state folder's path, and a link leads there.
prepare_postgres_home() {
  local fallback
  if [[ -d $POSTGRES_HOME ]]; then
    fallback=$(postgres_fallback)
    # Whoever cleans /var/tmp makes room for a folder of somebody else under this name.
    if [[ -L $POSTGRES_HOME && $(stat -c '%F %U %a' "$fallback") != "directory $POSTGRES_USER_UNPRIVILEGED 700" ]]; then
      fail "$EXIT_UNAVAILABLE" "$fallback is not the user $POSTGRES_USER_UNPRIVILEGED's alone any more; look at it, remove it, and remove $POSTGRES_HOME"
    fi
    return 0
  fi
  rm -f "$POSTGRES_HOME"
  mkdir -m 700 "$POSTGRES_HOME"
  ((EUID == 0)) || return 0
  chown "$POSTGRES_USER_UNPRIVILEGED:" "$POSTGRES_HOME"
  if (cd / && as_postgres test -x "$POSTGRES_HOME/."); then
    return
  fi
  rmdir "$POSTGRES_HOME"
  remove_postgres_fallback
  # Fails when a stranger put something under this name, which anybody can do in /var/tmp.
  mkdir -m 700 "$(postgres_fallback)"
  chown "$POSTGRES_USER_UNPRIVILEGED:" "$(postgres_fallback)"
  ln -s "$(postgres_fallback)" "$POSTGRES_HOME"
  say "$STATE is closed to the user '$POSTGRES_USER_UNPRIVILEGED'; the database lives in $(postgres_fallback)"
}

remove_postgres_fallback() {
  local fallback
  fallback=$(postgres_fallback)
  [[ -d $fallback && ! -L $fallback ]] || return 0
  ((EUID == 0)) && [[ $(stat -c %U "$fallback") == "$POSTGRES_USER_UNPRIVILEGED" ]] || return 0
  rm -rf -- "$fallback"
}

# Without the link in it: the server's user may not be able to follow that.
postgres_data() {
  printf '%s/data' "$(readlink -m "$POSTGRES_HOME")"
}

# Made under another name and moved when complete, so that an interrupted start leaves no half cluster behind.
create_cluster() {
  local data draft password_file log
  data=$(postgres_data)
  [[ ! -f $data/PG_VERSION ]] || return 0
  draft=$data.new password_file=${data%/data}/password
  log=$(log_file postgres-init)
  rm -rf "$draft"
  database_password >"$password_file"
  chmod 600 "$password_file"
  ((EUID != 0)) || chown "$POSTGRES_USER_UNPRIVILEGED:" "$password_file"
  (cd / && as_postgres "$(postgres_bin_dir)/initdb" --pgdata="$draft" --username=postgres --pwfile="$password_file" \
    --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8) >"$log" 2>&1 </dev/null 9<&- ||
    fail "$EXIT_UNAVAILABLE" "initdb failed; the last lines of $log:
$(tail -n 20 "$log")"
  rm -f "$password_file"
  mv "$draft" "$data"
}

# No Unix socket: its path may not be longer than 107 bytes, and a state folder's may.
start_postgres() {
  prepare_postgres_home
  create_cluster
  end_postgres_leftovers
  # Nobody uses the cluster any more. The server would believe a lock file whose pid is taken, be it by a stranger or by its
  # own dead predecessor that no parent has collected yet.
  rm -f "$(postgres_data)/postmaster.pid"
  launch postgres launch_postgres
}

launch_postgres() {
  as_postgres setsid "$(postgres_bin_dir)/postgres" -D "$(postgres_data)" -p "${PORTS[postgres]}" \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
    -c shared_buffers=128MB -c max_connections=100 -c fsync=on
}

# A server that was killed outright leaves children, which end by themselves within moments; until then they hold the
# cluster. All of them stand in its folder, which is how they are known.
postgres_leftovers() {
  local data link
  data=$(postgres_data)
  for link in /proc/[0-9]*/cwd; do
    [[ $(readlink "$link" 2>/dev/null) != "$data" ]] || basename "${link%/cwd}"
  done
}

end_postgres_leftovers() {
  local attempt pids
  for ((attempt = 0; attempt < 100; attempt++)); do
    mapfile -t pids < <(postgres_leftovers)
    ((${#pids[@]} > 0)) || return 0
    ((attempt < 60)) || kill -s KILL "${pids[@]}" 2>/dev/null || true
    sleep 0.05
  done
  fail "$EXIT_UNAVAILABLE" "processes of an earlier PostgreSQL server do not end: ${pids[*]}"
}

stop_postgres() {
  # SIGINT is PostgreSQL's fast shutdown: it ends sessions instead of waiting for clients to go.
  terminate INT 30 postgres
  end_postgres_leftovers
}

run_psql() {
  PGPASSWORD=$(database_password) PGCONNECT_TIMEOUT=5 PGOPTIONS='-c client_min_messages=warning' \
    psql -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "${PORTS[postgres]}" -U postgres "$@" </dev/null
}

postgres_answers() {
  "$(postgres_bin_dir)/pg_isready" -q -h 127.0.0.1 -p "${PORTS[postgres]}" -t 2 >/dev/null 2>&1
}

# Applies the migrations that the database does not have: also on an `up` of a stack that was left running, while services work with
# what the earlier ones made, which must not be made anew under them.
prepare_database() {
  local exists files arguments=() file name applied
  exists=$(run_psql -d postgres -At -c "SELECT 1 FROM pg_database WHERE datname = 'omnibase_infra'")
  [[ -n $exists ]] || run_psql -d postgres -c 'CREATE DATABASE omnibase_infra'
  applied=$(applied_migrations)
  shopt -s nullglob
  files=("$REPO"/migrations/forward/*.sql)
  shopt -u nullglob
  for file in "${files[@]}"; do
    name=$(basename "$file")
    [[ " $applied " == *" ${name%%_*} "* ]] || arguments+=(-f "$file")
  done
  ((${#arguments[@]} > 0)) || return 0
  run_psql -d omnibase_infra "${arguments[@]}" ||
    fail "$EXIT_UNAVAILABLE" "a migration failed; the line above names its file and line, later files were not applied"
}

# Their numbers as the files' names have them, with spaces between.
applied_migrations() {
  local table
  table=$(run_psql -d omnibase_infra -At -c "SELECT to_regclass('onex_migrations')")
  [[ -n $table ]] || return 0
  run_psql -d omnibase_infra -At -c "SELECT string_agg(lpad(number::text, 3, '0'), ' ') FROM onex_migrations"
}
