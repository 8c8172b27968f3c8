#!/usr/bin/env bash
# The window itself: the real binary under Xvfb with software Vulkan, and without it. It must open, train, be
# photographed, pause without using the CPU, follow the keyboard, and be gone within a second of being closed.
# Pictures are left in BRINK_SHOTS, if that is set.
set -euo pipefail
cd "$(dirname "$0")/.."

shots="${BRINK_SHOTS:-}"
scratch=$(mktemp -d)
[ -n "$shots" ] || shots="$scratch"
mkdir -p "$shots"
export XDG_RUNTIME_DIR="$scratch" XDG_DATA_HOME="$scratch/data"
unset WAYLAND_DISPLAY WAYLAND_SOCKET

server=""
brink=""
clean_up() {
    [ -z "$brink" ] || kill "$brink" 2>/dev/null || true
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$scratch"
}
trap clean_up EXIT

fail() { echo "FAILED: $*" >&2; exit 1; }
milliseconds() { date +%s%3N; }

cargo build --quiet
program="$PWD/target/debug/brink"

# Starts an X server without a window manager on a free display. Without -noreset it would restart itself whenever its
# last client goes, and refuse whoever comes in that moment.
serve() {
    [ -z "$server" ] || { kill "$server"; wait "$server" 2>/dev/null || true; }
    rm -f "$scratch/display"
    Xvfb -displayfd 3 -screen 0 "$1x24" -nolisten tcp -noreset 3>"$scratch/display" 2>/dev/null &
    server=$!
    for _ in $(seq 100); do
        [ -s "$scratch/display" ] && break
        sleep 0.1
    done
    DISPLAY=":$(cat "$scratch/display")"
    export DISPLAY
}

# Starts the program and waits for its window.
start() {
    "$@" 2>"$scratch/stderr" &
    brink=$!
    window=""
    for _ in $(seq 200); do
        window=$(xdotool search --onlyvisible --name '^Brink' 2>/dev/null | head -n 1) || true
        # There is no window manager to give it the keyboard.
        [ -n "$window" ] && { sleep 0.3; xdotool windowfocus "$window"; return; }
        kill -0 "$brink" 2>/dev/null || fail "it ended before there was a window: $(cat "$scratch/stderr")"
        sleep 0.1
    done
    fail "no window within 20 s"
}

# Photographs the screen; a blank or nearly blank picture fails.
photograph() {
    import -window root "$shots/$1.png"
    local colours
    colours=$(identify -format '%k' "$shots/$1.png")
    echo "$1: $colours colours"
    [ "$colours" -gt 100 ] || fail "the picture $1 is blank"
}

different() { [ "$(compare -metric AE "$shots/$1.png" "$shots/$2.png" null: 2>&1 | cut -d' ' -f1)" != 0 ]; }

brightness() { convert "$shots/$1.png" -colorspace gray -format '%[fx:int(100*mean)]' info:; }

cpu_ticks() { awk '{print $14 + $15}' "/proc/$brink/stat"; }

# Closes the window by its key; the process must be gone within a second, with status 0.
close() {
    local from status=0
    from=$(milliseconds)
    xdotool key ctrl+q
    for _ in $(seq 100); do
        kill -0 "$brink" 2>/dev/null || break
        sleep 0.02
    done
    local took=$(($(milliseconds) - from))
    kill -0 "$brink" 2>/dev/null && fail "still there $took ms after closing"
    wait "$brink" || status=$?
    brink=""
    [ "$status" = 0 ] || fail "exit status $status: $(cat "$scratch/stderr")"
    [ "$took" -le 1000 ] || fail "closing took $took ms"
    echo "closed in $took ms"
}

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
before=$(cpu_ticks)
sleep 3
used=$(($(cpu_ticks) - before))
photograph still
different paused still && fail "it moves while paused"
echo "paused: $used ticks of CPU in 3 s"
[ "$used" -le 9 ] || fail "paused, it uses $used ticks of CPU in 3 s"
xdotool key Right
sleep 1
photograph stepped
different still stepped || fail "a step shows nothing"
xdotool key space
sleep 1
close

echo "--- without Vulkan"
start env VK_ICD_FILENAMES=/nonexistent VK_DRIVER_FILES=/nonexistent "$program" chebyshev
sleep 4
photograph opengl
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
