#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test. Ends with ctest's summary.
#   tests/run.sh [PRESET] [ctest options...]       presets: release (the default), debug, asan, tsan
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

preset=release
if [[ $# -gt 0 && $1 != -* ]]; then
  preset=$1
  shift
fi
bash cmake/bootstrap.sh build data test
jobs=$(nproc)
cmake --preset "$preset" > "${TMPDIR:-/tmp}/tenon-configure-$$.log" || {
  cat "${TMPDIR:-/tmp}/tenon-configure-$$.log"
  exit 1
}
rm -f "${TMPDIR:-/tmp}/tenon-configure-$$.log"
cmake --build --preset "$preset" -j "$jobs"
ctest --preset "$preset" -j "$jobs" "$@"
