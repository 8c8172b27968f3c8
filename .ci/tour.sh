#!/usr/bin/env bash
# A stopwatch walk through the tour: each chapter is opened in the real window, under Xvfb with software Vulkan, and must come to
# its first stop within BRINK_FIRST_STOP seconds (30).
set -euo pipefail
cd "$(dirname "$0")/.."

most="${BRINK_FIRST_STOP:-30}"
cargo build --quiet --release
program="${CARGO_TARGET_DIR:-$PWD/target}/release/brink"
scratch=$(mktemp -d)
server=""
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$scratch"' EXIT
export XDG_RUNTIME_DIR="$scratch" XDG_CONFIG_HOME="$scratch/config" XDG_DATA_HOME="$scratch/data"
unset WAYLAND_DISPLAY WAYLAND_SOCKET

Xvfb -displayfd 3 -screen 0 1280x800x24 -nolisten tcp -noreset 3>"$scratch/display" 2>/dev/null &
server=$!
for _ in $(seq 100); do
    [ -s "$scratch/display" ] && break
    sleep 0.1
done
DISPLAY=":$(cat "$scratch/display")"
export DISPLAY

late=0
for chapter in $(seq 1 19); do
    if BRINK_UNTIL_STOP=1 timeout "$((most + 15))" "$program" tour "$chapter" 2>"$scratch/said"; then
        said=$(grep -o 'first stop [0-9.]* s after main, at step [0-9]*' "$scratch/said")
        seconds=$(echo "$said" | awk '{print $3}')
        printf '%2d  %s\n' "$chapter" "$said"
        awk -v s="$seconds" -v m="$most" 'BEGIN { exit !(s <= m) }' || late=$((late + 1))
    else
        echo "$chapter  no stop: $(tail -n 2 "$scratch/said")"
        late=$((late + 1))
    fi
done
[ "$late" -eq 0 ] || { echo "FAILED: $late chapters are late" >&2; exit 1; }
