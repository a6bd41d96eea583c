#!/usr/bin/env bash
# consumer_test.sh BUILD_DIR THIS_DIR TEMPLATE_DIR COMPILER
set -euo pipefail
build=$1 here=$2 template=$3 compiler=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Shows what a command says only if it fails.
quietly() {
  "$@" > "$work/log" 2>&1 || {
    cat "$work/log"
    exit 1
  }
}

quietly cmake --install "$build" --prefix "$work/first"
mv "$work/first" "$work/moved"
unset TENON_PLUGIN_PATH TENON_BACKEND

# The compiler flags of the build, so that a sanitized library meets a sanitized program.
flags=$(sed -n 's/^CMAKE_CXX_FLAGS:STRING=//p' "$build/CMakeCache.txt")
configure=(-G Ninja "-DCMAKE_PREFIX_PATH=$work/moved" "-DCMAKE_CXX_COMPILER=$compiler" "-DCMAKE_CXX_FLAGS=$flags")

# The README's C++: its first lines as they are, the rest as the body of a function of the tensors that it uses.
snippet=$(sed -n '/^```cpp$/,/^```$/{/^```/d;p}' "$here/../../README.md")
{
  grep -E '^(#include|using) ' <<< "$snippet"
  echo "void readme(const Tensor& x, const Tensor& a, const Tensor& b) {"
  grep -vE '^(#include|using) ' <<< "$snippet"
  echo "}"
} > "$work/readme.cpp"

quietly cmake -S "$here/consumer" -B "$work/consumer" "-DREADME_SNIPPET=$work/readme.cpp" "${configure[@]}"
quietly cmake --build "$work/consumer"
"$work/consumer/consumer" naive

cp -r "$template" "$work/template"
quietly cmake -S "$work/template" -B "$work/plugin" "${configure[@]}"
quietly cmake --build "$work/plugin"
TENON_PLUGIN_PATH=$work/plugin "$work/consumer/consumer" my

# The tool from the moved prefix finds its library and its plugins.
"$work/moved/bin/tenon" backends --json | grep -q "\"path\": *\"$work/moved/"
