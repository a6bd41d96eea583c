#!/usr/bin/env bash
# From a bare Debian 12/13 or Ubuntu 24.04: installs what is missing, builds Tenon, trains the same small network on
# Fashion-MNIST on each backend that works here, and compares them.
#   apps/quickstart.sh [EPOCHS]       3 epochs if not given
set -euo pipefail
exec 3>&1 # for what is said while output goes to the log
cd "$(dirname "${BASH_SOURCE[0]}")/.."

epochs=${1:-3}
if [[ ! $epochs =~ ^[1-9][0-9]{0,3}$ ]]; then
  echo "quickstart: '$epochs' is no number of epochs" >&2
  exit 2
fi
build=build/quickstart
log=$build/quickstart.log
tenon=$build/bin/tenon

# Runs a command quietly; shows what it said if it fails.
quietly() {
  "$@" >> "$log" 2>&1 || {
    echo "quickstart: failed: $*; the last lines of $log:" >&2
    tail -n 40 "$log" >&2
    exit 1
  }
}

# The mean of the numbers on standard input, one a line.
mean() { awk '{ sum += $1 } END { print sum / NR }'; }

# field NAME < a line of JSON: the value of a number or a string.
field() { sed -n "s/.*\"$1\": *\"\{0,1\}\([^,\"}]*\).*/\1/p"; }

# Tells of each quarter of the steps that Ninja counts: [17/93].
build_it() {
  cmake --build "$build" -j "$(nproc)" | tee >(awk -F '[][/]' '
    /^\[[0-9]+\/[0-9]+\]/ && $3 > 0 {
      quarter = int(4 * $2 / $3)
      if (quarter > shown && quarter < 4) { print "quickstart: " 25 * quarter " % built"; fflush() }
      shown = quarter
    }' >&3)
}

bash cmake/bootstrap.sh build data

mkdir -p "$build"
: > "$log"
echo "quickstart: building in $build ..."
started=$SECONDS
quietly cmake --preset release -B "$build" -DTENON_BUILD_TESTS=OFF
quietly build_it
echo "quickstart: built in $((SECONDS - started)) s"

# One available backend a line, the best last; naive, against which the others are measured, comes first.
found=$("$tenon" backends --json | tr -d '\n' | sed 's/}, */}\n/g' | grep '"available": *true' || true)
mapfile -t backends < <(while read -r backend; do echo "$(field score <<< "$backend") $(field name <<< "$backend")"; done \
  <<< "$found" | sort -n | awk 'NF == 2 { print $2 }')
library_of() { grep "\"name\": *\"$1\"" <<< "$found" | field library | cut -d ' ' -f 1,2; }
if [[ ${#backends[@]} -eq 0 ]]; then
  echo "quickstart: no backend can be used here; '$tenon backends' says why" >&2
  exit 1
fi

models=$build/models
mkdir -p "$models"
rows=()
naive_seconds=
for backend in "${backends[@]}"; do
  echo
  echo "quickstart: $epochs epochs on $backend"
  records=$models/$backend.jsonl
  "$tenon" train --backend "$backend" --epochs "$epochs" --seed 0 --log-every 1 --json \
    --save "$models/$backend.safetensors" > "$records"
  library=$(library_of "$backend")
  initial=$(head -n 1 "$records" | field loss)
  epoch_records=$(grep '"epoch"' "$records")
  accuracy=$(tail -n 1 <<< "$epoch_records" | field test_accuracy)
  seconds=$(field seconds <<< "$epoch_records" | mean)
  rate=$(field images_per_second <<< "$epoch_records" | mean)
  [[ $backend != naive ]] || naive_seconds=$seconds
  speedup=$(awk -v naive="$naive_seconds" -v own="$seconds" 'BEGIN { if (naive) printf "%.1fx", naive / own; else print "-" }')
  rows+=("$(printf '%-10s %-24s %13.4f %14.2f %10.0f %9s %13.6f' "$backend" "${library:--}" "$accuracy" "$seconds" "$rate" \
    "$speedup" "$initial")")
  printf 'quickstart: %s: test accuracy %.4f, %.2f s an epoch\n' "$backend" "$accuracy" "$seconds"
done

echo
printf '%-10s %-24s %13s %14s %10s %9s %13s\n' backend library "test accuracy" "seconds/epoch" images/s speed-up "initial loss"
printf '%s\n' "${rows[@]}"

best=${backends[-1]}
cat << END

What to try next:
  $tenon predict --model $models/$best.safetensors --index 0 --count 3
  $tenon train --hidden 512,256 --optimizer adam --epochs 5 --summary
  $tenon op --help
END
