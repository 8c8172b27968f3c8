#!/usr/bin/env bash
# The graphics taken away from under the window (.ci/trouble.c stands in for the Vulkan loader): a surface that is lost or
# has changed is made anew; of a lost device the window goes, the run is kept, and another window offers it. Also: sizes
# of a window that leave no room for a picture.
# Pictures are left in BRINK_SHOTS, if that is set.
set -euo pipefail
cd "$(dirname "$0")/.."

source .ci/display.sh

cargo build --quiet
program="${CARGO_TARGET_DIR:-$PWD/target}/debug/brink"

mkdir "$scratch/vulkan"
cc -shared -fPIC -O1 -o "$scratch/vulkan/libvulkan.so.1" .ci/trouble.c -ldl
TROUBLE_VULKAN=$(ldconfig -p | awk '/libvulkan\.so\.1 .*x86-64/ {print $NF; exit}')
[ -n "$TROUBLE_VULKAN" ] || fail "there is no libvulkan.so.1 here"
export TROUBLE_VULKAN TROUBLE="$scratch/trouble"

no_panic() { grep -i 'panicked' "$scratch/stderr" && fail "$1: a panic"; kill -0 "$brink" 2>/dev/null || fail "$1: it has ended: $(cat "$scratch/stderr")"; }

serve 1280x800
start env LD_LIBRARY_PATH="$scratch/vulkan" "$program" chebyshev --set view.speed=50
sleep 3
xdotool key 4
sleep 3
for word in outdated surface; do
    echo "--- a surface: $word"
    echo "$word" >"$TROUBLE"
    for _ in $(seq 50); do [ -e "$TROUBLE" ] || break; sleep 0.1; done
    [ ! -e "$TROUBLE" ] || fail "no picture was asked for within 5 s"
    sleep 2
    no_panic "$word"
    photograph "surface-$word"
    sleep 1
    photograph "surface-$word-later"
    different "surface-$word" "surface-$word-later" || fail "$word: nothing moves any more"
done

echo "--- sizes"
for size in '1 1' '3 600' '600 3' '480 360' '1280 800'; do
    # shellcheck disable=SC2086 # two numbers
    xdotool windowsize "$window" $size
    sleep 1
    no_panic "$size"
done
xdotool windowunmap "$window"
sleep 2
no_panic unmapped
xdotool windowmap "$window"
sleep 2
photograph mapped-again
no_panic mapped

# The device is lost; what is left must be said, and the run kept.
lose() {
    echo "$1" >"$TROUBLE"
    for _ in $(seq 150); do
        grep -q 'graphics device was lost' "$scratch/stderr" && break
        sleep 0.1
    done
    grep -q 'graphics device was lost' "$scratch/stderr" || fail "nothing is said of a lost device: $(cat "$scratch/stderr")"
    grep -i 'panicked' "$scratch/stderr" && fail "$1: a panic"
    sleep 4
}

echo "--- a device, noticed before a picture: another window is opened"
lose gone
no_panic gone
ls "$scratch"/data/brink/unfinished/left-*.brink >/dev/null || fail "the run was not kept"
window=$(xdotool search --onlyvisible --name '^Brink' | head -n 1)
xdotool windowfocus "$window"
sleep 1
photograph device-gone
rm "$TROUBLE"
close

echo "--- a device, in the middle of a picture: the program ends, and offers the run when it starts again"
start env LD_LIBRARY_PATH="$scratch/vulkan" "$program" chebyshev --set view.speed=50
sleep 3
rm -f "$scratch"/data/brink/unfinished/left-*.brink
lose device
kill -0 "$brink" 2>/dev/null && fail "it is still there"
status=0
wait "$brink" || status=$?
brink=""
[ "$status" = 2 ] || fail "the exit status is $status"
grep -q 'start `brink` again' "$scratch/stderr" || fail "$(cat "$scratch/stderr")"
rm "$TROUBLE"
start "$program" chebyshev --set view.speed=50
sleep 2
ls "$scratch"/data/brink/unfinished/left-*.brink >/dev/null || fail "the run was not kept"
photograph device-lost
close
