#!/usr/bin/env bash
# A lecture, played by keys in the real window under Xvfb: open, break at the edge, step back, inspect, fork, present, export,
# save, close, and open the saved session again. Every station leaves a picture (in BRINK_SHOTS, if that is set) that differs
# from the one before, and the files that it should.
set -euo pipefail
cd "$(dirname "$0")/.."
source .ci/display.sh

cargo build --quiet
program="${CARGO_TARGET_DIR:-$PWD/target}/debug/brink"
desk="$scratch/desk"
mkdir "$desk"
cd "$desk"

# Takes a command from the palette by letters of its name.
choose() {
    xdotool key ctrl+k
    sleep 0.6
    xdotool type --delay 40 "$1"
    sleep 0.4
    xdotool key Return
    sleep 0.6
}

# Waits until nothing moves any more.
wait_still() {
    for _ in $(seq "$1"); do
        import -window root "$shots/moving.png"
        sleep 1.5
        import -window root "$shots/then.png"
        different moving then || return 0
    done
    fail "$2"
}

station() {
    photograph "$2"
    different "$1" "$2" || fail "$2 looks as $1"
}

serve 1280x800
start "$program" digits-noise
photograph lecture-1-open
choose "stop where s first"
wait_still 60 "the run does not stop at the edge"
station lecture-1-open lecture-2-edge
xdotool key Left Left Left
sleep 1
station lecture-2-edge lecture-3-back
xdotool key 2
sleep 4
station lecture-3-back lecture-4-inspect
xdotool key 1
choose "fork here"
xdotool key End space
sleep 8
xdotool key space
sleep 1
station lecture-4-inspect lecture-5-fork
xdotool key F5
sleep 2
station lecture-5-fork lecture-6-present
xdotool key Escape
sleep 1
xdotool key e
sleep 1
station lecture-6-present lecture-7-export
xdotool key Escape
choose "write the export"
sleep 2
[ "$(wc -l <brink-digits-noise.csv)" -gt 50 ] || fail "the exported rows are missing"
head -n 1 brink-digits-noise.csv | grep -q '^# Brink .*: brink digits-noise .*--fork' || fail "the export does not say where it comes from: $(head -n 1 brink-digits-noise.csv)"
xdotool key ctrl+s
sleep 1
station lecture-7-export lecture-8-session
xdotool key ctrl+s
sleep 2
[ -s digits-noise.brink ] || fail "the session is not written"
xdotool key Escape
sleep 1
close
[ -z "$(find "$XDG_DATA_HOME" -name '*.brink' 2>/dev/null)" ] || fail "an autosave is left behind"

echo "--- the saved session, in a window and without one"
start "$program" digits-noise.brink
sleep 2
station lecture-8-session lecture-9-again
xdotool key space
sleep 3
xdotool key space
sleep 1
station lecture-9-again lecture-10-on
close
"$program" export digits-noise.brink --panel sharpness --out sharpness.svg
grep -q 'brink digits-noise' sharpness.svg || fail "the picture does not say how to open it again"
"$program" export digits-noise.brink --film 0..20 --frames 3 --size 400x300 --scale 1 --out film.png
"$program" export digits-noise.brink --out all.csv
[ "$(wc -l <all.csv)" -gt 50 ] || fail "the session's rows are missing"
ls -l
