#!/usr/bin/env bash
# bootstrap_test.sh BOOTSTRAP: what bootstrap.sh makes of apt-get, with stand-ins for dpkg-query, sudo and apt-get.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cp "$1" "$work/bootstrap.sh" # where another user may read it

stand_in() {
  printf '#!/bin/bash\n%s\n' "$2" > "$work/$1"
  chmod 755 "$work/$1"
}
stand_in dpkg-query 'exit 1' # nothing is installed
stand_in sudo 'exec env -i PATH="$PATH" "$@"' # as sudo does, without the caller's environment
stand_in apt-get 'echo "apt-get $1: DEBIAN_FRONTEND=${DEBIAN_FRONTEND:-unset}"
[[ $1 == update ]] || { echo "E: the disk is full"; exit 100; }'

# As somebody who needs sudo.
as_user=()
[[ $EUID -ne 0 ]] || as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
status=0
said=$(PATH="$work:$PATH" "${as_user[@]}" bash "$work/bootstrap.sh" test 2>&1) || status=$?

expect() {
  [[ $said == *"$1"* ]] || { printf 'expected: %s\nfound:\n%s\n' "$1" "$said" >&2; exit 1; }
}
[[ $status -ne 0 ]] || { echo "a failing apt-get went unnoticed: $said" >&2; exit 1; }
expect "apt-get install: DEBIAN_FRONTEND=noninteractive" # through sudo too
expect "E: the disk is full"
