#!/bin/sh
# redpanda-users.sh: a SCRAM user for each variable USER_<name>, `_` for `-`; its value is the password. May be repeated: a user that is
# there gets the password. rpk logs in by RPK_USER, RPK_PASS and RPK_SASL_MECHANISM.
set -eu

for variable in $(env | sed -n 's/^\(USER_[a-z_]*\)=.*/\1/p' | sort); do
  name=$(printf '%s' "${variable#USER_}" | tr _ -)
  password=$(printenv "$variable")
  rpk security user create "$name" --password "$password" --mechanism SCRAM-SHA-256 >/dev/null 2>&1 ||
    rpk security user update "$name" --new-password "$password" --mechanism SCRAM-SHA-256 >/dev/null
  printf 'user %s\n' "$name"
done
