# What runs beside the steps. It is the steps' own work, only begun early: each step waits for it, and then does what is
# left, which is all of it when it went wrong here, or when an earlier run was cut off.

declare -A BESIDE=() # name -> process

begin_beside() { # NAME COMMAND...
    local -r name=$1
    shift
    rm -f "$STATE/beside.$name"*
    install -m 0600 /dev/null "$STATE/beside.$name" # what it says is as it is, before the redactor
    (
        trap - ERR
        BESIDE=() # those belong to the steps
        fail() { say "failed: $*"; exit 1; }
        "$@"
    ) </dev/null >"$STATE/beside.$name" 2>&1 &
    BESIDE[$name]=$!
    trap end_beside EXIT
}

# Prints what it said, but for the lines the step itself says. False when there is anything left to do.
await_beside() { # NAME
    local code=0
    [ -n "${BESIDE[$1]:-}" ] || return 1
    wait "${BESIDE[$1]}" || code=$?
    unset "BESIDE[$1]"
    grep -vE '^(== |failed: )' "$STATE/beside.$1" || true
    rm -f "$STATE/beside.$1"*
    return "$code"
}

end_beside() {
    local name
    for name in "${!BESIDE[@]}"; do
        kill_tree "${BESIDE[$name]}"
        rm -f "$STATE/beside.$name"*
    done
}

# One that stands still has no more children.
kill_tree() { # PID
    local children child
    kill -STOP "$1" 2>/dev/null || return 0
    children=$(cat "/proc/$1/task/"*/children 2>/dev/null) || true
    for child in $children; do kill_tree "$child"; done
    kill -KILL "$1" 2>/dev/null || true
}
