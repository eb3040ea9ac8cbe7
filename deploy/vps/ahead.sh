# What is begun beside other steps.

# Node.js and OpenClaw take longest and need next to nothing of the steps before theirs, so they are begun beside them.
# Their own steps wait for that, and then do what is left: all of it, if it went wrong here.
begin_ahead() {
    command -v curl >/dev/null || return 0
    rm -f "$STATE"/ahead.*
    (
        trap - ERR
        fail() { say "failed: $*"; exit 1; }
        step_node
        : >"$STATE/ahead.node"
        step_openclaw
    ) </dev/null >"$STATE/ahead.log" 2>&1 &
    AHEAD=$!
    trap 'kill_tree "$AHEAD"' EXIT
}

await_ahead() { # node, or openclaw, which is the end of it
    [ -n "$AHEAD" ] || return 0
    if [ "$1" = node ]; then
        until [ -e "$STATE/ahead.node" ] || ! kill -0 "$AHEAD" 2>/dev/null; do sleep 0.1; done
        return 0
    fi
    wait "$AHEAD" || true
    AHEAD=''
    trap - EXIT
    hash -r
    grep -vE '^(== |failed: )' "$STATE/ahead.log" || true # those the step itself says
    rm -f "$STATE"/ahead.*
}

kill_tree() { # PID
    local children child
    children=$(cat "/proc/$1/task/$1/children" 2>/dev/null) || true
    kill -KILL "$1" 2>/dev/null || true
    for child in $children; do kill_tree "$child"; done
}
