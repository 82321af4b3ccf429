#!/bin/sh
# Starts Valkey with the password from VALKEY_PASSWORD, read from standard input: neither arguments nor files show it.
set -eu

if [ -z "${VALKEY_PASSWORD:-}" ]; then
  echo 'not configured: VALKEY_PASSWORD is empty; write it into docker/.env, or all of it with make env' >&2
  exit 78
fi
# Within double quotes the configuration knows two special characters.
quoted=$(printf '%s' "$VALKEY_PASSWORD" | sed 's/[\\"]/\\&/g')
unset VALKEY_PASSWORD
# The entry point of the image gives up root.
exec docker-entrypoint.sh valkey-server - <<END
requirepass "$quoted"
dir /data
appendonly yes
maxmemory 256mb
maxmemory-policy noeviction
END
