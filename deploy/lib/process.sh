# shellcheck shell=bash
#
# One process of the demo: started away from the terminal with exactly the
# environment it is given, known by RUN_DIR/pids/<name>. Beside the pid the
# process's start time is kept (RUN_DIR/started/<name>), so that a pid the
# system has given to somebody else is never signalled.

# start_time_of PID RESULT: boot and clock tick the process began at; fails when there is no such process.
start_time_of() {
    local -n start_time_result=$2
    local stat boot fields
    { read -r stat <"/proc/$1/stat" && read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null || return 1
    read -ra fields <<<"${stat##*) }"
    [[ ${fields[0]} != [ZX] ]] || return 1
    # shellcheck disable=SC2034  # the caller's variable
    start_time_result="$boot ${fields[19]}"
}

# pid_of NAME RESULT: fails unless the process this demo started under that name is alive.
pid_of() {
    local -n pid_result=$2
    local recorded then_began now_began
    { read -r recorded <"$RUN_DIR/pids/$1" && read -r then_began <"$RUN_DIR/started/$1"; } 2>/dev/null || return 1
    [[ $recorded =~ ^[0-9]+$ ]] && start_time_of "$recorded" now_began || return 1
    [[ $then_began == "$now_began" ]] || return 1
    # shellcheck disable=SC2034  # the caller's variable
    pid_result=$recorded
}

is_alive() {
    local pid
    pid_of "$1" pid
}

is_dead() {
    ! is_alive "$1"
}

# spawn NAME COMMAND...: runs COMMAND for as long as it lasts. The command must not fork itself away.
spawn() {
    local name=$1 began
    shift
    setsid "$@" </dev/null >>"$RUN_DIR/log/$name.log" 2>&1 9>&- &
    local pid=$!
    disown "$pid"
    printf '%s\n' "$pid" >"$RUN_DIR/pids/$name"
    start_time_of "$pid" began || began=gone
    printf '%s\n' "$began" >"$RUN_DIR/started/$name"
}

# stop_process NAME SIGNAL SECONDS: asks, waits, and ends what does not listen.
stop_process() {
    local pid
    if pid_of "$1" pid; then
        kill -s "$2" "$pid" 2>/dev/null || true
        if ! wait_until "$3" is_dead "$1"; then
            say "$1 did not end within $3 s; killing it" >&2
            kill -s KILL "$pid" 2>/dev/null || true
            wait_until 5 is_dead "$1" || die "$1 (pid $pid) cannot be killed"
        fi
    fi
    rm -f "$RUN_DIR/pids/$1" "$RUN_DIR/started/$1"
}

# Explains why a part did not come up: the end of its log and where the rest is.
show_log() {
    local log=$RUN_DIR/log/$1.log
    {
        say "--- the last lines of $log"
        tail -n 15 "$log" 2>/dev/null || say "(there is no log)"
        say "---"
    } >&2
}

# wait_for NAME SECONDS WHAT COMMAND...: until COMMAND succeeds; fails with the log as soon as NAME ends.
wait_for() {
    local name=$1 seconds=$2 what=$3
    shift 3
    if ! wait_until "$seconds" answers_or_dead "$name" "$@"; then
        say "$name: no $what within $seconds s" >&2
    elif is_alive "$name"; then
        return 0
    else
        say "$name ended instead of giving $what" >&2
    fi
    show_log "$name"
    return 1
}

answers_or_dead() {
    local name=$1
    shift
    is_dead "$name" || "$@"
}
