#!/usr/bin/env bash
# Format and lint: clang-format on every source, clang-tidy on every translation unit, each public header alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mapfile -t sources < <(git ls-files '*.c' '*.h' '*.cpp' '*.hpp' ':!tests/plugins/frozen')
clang-format --dry-run --Werror "${sources[@]}"
echo "lint: ${#sources[@]} files are formatted"

# What this machine builds, but for the Highway kernels, which are included once per instruction set, and the tests.
mapfile -t units < <(git ls-files 'core/*.cpp' 'plugins/host/*.cpp' 'backends/*.cpp' 'apps/*.cpp' ':!backends/cpu' |
  while read -r unit; do
    if grep -qF "\"$PWD/$unit\"" build/release/compile_commands.json; then echo "$unit"; fi
  done)
printf '%s\n' "${units[@]}" | xargs -P "$(nproc)" -n 4 clang-tidy --quiet -p build/release 2> /dev/null
echo "lint: clang-tidy is content with ${#units[@]} files"
