#!/bin/sh
# Gives up root before the server starts, as the official image does.
set -eu

if [ "$1" = valkey-server ] && [ "$(id -u)" = 0 ]; then
  exec setpriv --reuid redis --regid redis --clear-groups "$@"
fi
exec "$@"
