#!/bin/sh
# refuse-placeholders.sh COMMAND [ARGUMENT...]: the command, unless the environment still holds a placeholder of .env.example.
# The runtime's own programs refuse them themselves; the images of others would take one for a password.
set -eu

names=$(env | sed -n 's/^\([A-Za-z_][A-Za-z_0-9]*\)=.*__REPLACE_WITH_.*__.*/\1/p' | paste -s -d ' ')
if [ -n "$names" ]; then
  printf 'not configured: %s still holds a placeholder of .env.example; write the real value into docker/.env, or all of them with make env\n' \
    "$names" >&2
  exit 78
fi
exec "$@"
