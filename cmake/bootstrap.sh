#!/usr/bin/env bash
# Installs the system packages that Tenon is built from, on Debian 12/13 and Ubuntu 24.04.
#   cmake/bootstrap.sh [--check] [GROUP...]
# Groups: build (the default), data (Fashion-MNIST), test, lint, bench. --check only lists what is missing and exits 1 if
# anything is.
set -euo pipefail

declare -A packages=(
  [build]="cmake ninja-build g++ libboost-dev libfmt-dev libcli11-dev nlohmann-json3-dev zlib1g-dev libdlpack-dev
           libhwy-dev libopenblas-openmp-dev libdnnl-dev libclblast-dev ocl-icd-opencl-dev opencl-headers"
  [data]="dataset-fashion-mnist"
  [test]="libgtest-dev libboost-context-dev pocl-opencl-icd python3 binutils"
  [lint]="clang-format clang-tidy"
  [bench]="libbenchmark-dev python3-numpy python3-torch"
)

check=false
groups=()
for word in "$@"; do
  if [[ $word == --check ]]; then
    check=true
  elif [[ -n ${packages[$word]:-} ]]; then
    groups+=("$word")
  else
    echo "bootstrap: '$word' is none of --check ${!packages[*]}" >&2
    exit 2
  fi
done
[[ ${#groups[@]} -gt 0 ]] || groups=(build)

if ! command -v dpkg-query > /dev/null; then
  echo "bootstrap: this is no Debian or Ubuntu. Install the equivalents of:" >&2
  for group in "${groups[@]}"; do echo "  $group:" ${packages[$group]} >&2; done
  exit 1
fi

missing=()
for group in "${groups[@]}"; do
  for package in ${packages[$group]}; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null || true)
    [[ $state == installed ]] || missing+=("$package")
  done
done

if [[ ${#missing[@]} -eq 0 ]]; then
  echo "bootstrap: nothing is missing"
  exit 0
fi
echo "bootstrap: missing: ${missing[*]}"
if $check; then exit 1; fi

as_root=()
if [[ $EUID -ne 0 ]]; then
  if ! command -v sudo > /dev/null; then
    echo "bootstrap: run as root: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
# Behind sudo, which passes on no environment. What apt-get says is shown if it fails.
apt() {
  local said
  if ! said=$("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get "$@" 2>&1); then
    echo "$said" >&2
    echo "bootstrap: apt-get $* failed" >&2
    exit 1
  fi
}
apt update -qq
apt install -y -qq --no-install-recommends "${missing[@]}"
echo "bootstrap: installed"
