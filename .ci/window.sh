#!/usr/bin/env bash
# The window itself: the real binary under Xvfb with software Vulkan, and without it. It must open, train, be
# photographed, pause without using the CPU, follow the keyboard, and be gone within a second of being closed.
# Pictures are left in BRINK_SHOTS, if that is set.
set -euo pipefail
cd "$(dirname "$0")/.."

source .ci/display.sh

cargo build --quiet
program="${CARGO_TARGET_DIR:-$PWD/target}/debug/brink"

brightness() { convert "$shots/$1.png" -colorspace gray -format '%[fx:int(100*mean)]' info:; }

cpu_ticks() { awk '{print $14 + $15}' "/proc/$brink/stat"; }

echo "--- no display"
status=0
env -u DISPLAY "$program" 2>"$scratch/stderr" || status=$?
[ "$status" = 2 ] || fail "without a display the exit status is $status"
grep -q 'no display' "$scratch/stderr" && grep -q 'brink run' "$scratch/stderr" || fail "$(cat "$scratch/stderr")"
status=0
DISPLAY=:4711 "$program" 2>"$scratch/stderr" || status=$?
[ "$status" = 2 ] || fail "with an unreachable display the exit status is $status: $(cat "$scratch/stderr")"
grep -q 'brink run' "$scratch/stderr" || fail "$(cat "$scratch/stderr")"

echo "--- software Vulkan, 1280x800"
serve 1280x800
xdpyinfo >/dev/null
start "$program"
sleep 3
photograph first
sleep 3
photograph training
different first training || fail "nothing moves while it trains"
xdotool key d
sleep 2
photograph dark
[ "$(brightness training)" -gt 60 ] && [ "$(brightness dark)" -lt 40 ] || fail "the D key does not darken the window"
xdotool key space
sleep 2
photograph paused
sleep 10 # what is computed for the step at the cursor is done
before=$(cpu_ticks)
sleep 5
used=$(($(cpu_ticks) - before))
photograph still
different paused still && fail "it moves while paused"
echo "paused: $used ticks of CPU in 5 s"
[ "$used" -le 5 ] || fail "paused, it uses $used ticks of CPU in 5 s: more than 1%"
xdotool key Right
sleep 1
photograph stepped
different still stepped || fail "a step shows nothing"
xdotool key 4
sleep 6
photograph weight-space
different stepped weight-space || fail "the key 4 shows no weight space"
xdotool key v
sleep 6
photograph weight-space-turned
different weight-space weight-space-turned || fail "the V key does not turn weight space"
xdotool key space
sleep 1
close

echo "--- without Vulkan"
start env VK_ICD_FILENAMES=/nonexistent VK_DRIVER_FILES=/nonexistent "$program" chebyshev
sleep 4
photograph opengl
xdotool key 4
sleep 6
photograph opengl-weight-space
different opengl opengl-weight-space || fail "the key 4 shows no weight space"
xdotool key v
sleep 6
photograph opengl-weight-space-turned
different opengl-weight-space opengl-weight-space-turned || fail "the V key does not turn weight space"
close

echo "--- software Vulkan, 1920x1080"
serve 1920x1080
start "$program"
xdotool windowsize "$window" 1920 1080
xdotool windowmove "$window" 0 0
sleep 12
photograph large
xdotool key d
sleep 2
photograph large-dark
close
