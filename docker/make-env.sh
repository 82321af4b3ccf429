#!/usr/bin/env bash
# make-env.sh [FILE]: writes docker/.env (or FILE) from .env.example, with generated secrets in place of the placeholders.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
readonly EX_CANT_CREATE=73
target=${1:-.env}

if [ -e "$target" ]; then
  printf '%s exists and is left as it is; a running database knows the password in it. Delete it to have another made.\n' "$target" >&2
  exit "$EX_CANT_CREATE"
fi

hex() { head -c "$1" /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }

# Hexadecimal: safe in a URL, in a shell and in this file alike. One placeholder gives one secret, wherever it stands.
text=$(<.env.example)
text=${text//__REPLACE_WITH_BASE64_OF_32_BYTES__/$(head -c 32 /dev/urandom | base64 -w 0)}
text=${text//__REPLACE_WITH_32_HEX_DIGITS__/$(hex 16)}
while [[ $text =~ =.*(__REPLACE_WITH_[A-Z0-9_]*__) ]]; do
  text=${text//"${BASH_REMATCH[1]}"/$(hex 24)}
done

(umask 077 && printf '%s\n' "$text" >"$target")
printf '%s is written, for its owner alone. It holds every secret of the suite: keep it out of version control and backups.\n' \
  "$(realpath "$target")"
