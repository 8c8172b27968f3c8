# Sourced by the scripts that look at the window: a display without a window manager, the program on it, pictures.

scratch=$(mktemp -d)
shots="${BRINK_SHOTS:-$scratch}"
mkdir -p "$shots"
export XDG_RUNTIME_DIR="$scratch" XDG_DATA_HOME="$scratch/data" XDG_CONFIG_HOME="$scratch/config"
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
