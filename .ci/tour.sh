#!/usr/bin/env bash
# A stopwatch walk through the tour: each chapter is opened in the real window, under Xvfb with software Vulkan, and must come to
# its first stop within BRINK_FIRST_STOP seconds (30).
set -euo pipefail
cd "$(dirname "$0")/.."
source .ci/display.sh

most="${BRINK_FIRST_STOP:-30}"
cargo build --quiet
program="${CARGO_TARGET_DIR:-$PWD/target}/debug/brink"
serve 1280x800

late=0
for chapter in $(seq 1 19); do
    if BRINK_UNTIL_STOP=1 timeout "$((most + 15))" "$program" tour "$chapter" 2>"$scratch/stderr"; then
        said=$(grep -o 'first stop [0-9.]* s after main, at step [0-9]*' "$scratch/stderr")
        printf '%2d  %s\n' "$chapter" "$said"
        awk -v s="$(echo "$said" | cut -d' ' -f3)" -v m="$most" 'BEGIN { exit !(s <= m) }' || late=$((late + 1))
    else
        echo "$chapter  no stop: $(tail -n 2 "$scratch/stderr")"
        late=$((late + 1))
    fi
done
[ "$late" -eq 0 ] || fail "$late chapters are late"
