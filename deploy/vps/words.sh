# Status, log, failures: what others read of a run.

say() { printf '%s\n' "$*"; }

put() { # FILE MODE: standard input becomes the file, all or nothing
    local new=$1.new
    (umask 077 && cat >"$new")
    chmod "$2" "$new"
    mv -f "$new" "$1"
}

set_status() { say "$*" | put "$STATE/status" 0644; }

fail() { # SENTENCE: for a person
    say "failed: $*"
    say "$step ${*//$'\n'/ }" >"$STATE/failure"
    exit 1
}

on_error() {
    local code=$? why
    why="did not work (exit status $code)"
    [ "$code" != 124 ] || why='took too long' # timeout's
    [ -s "$STATE/failure" ] || say "$step $doing $why" >"$STATE/failure"
}

need_root() {
    [ "$(id -u)" = 0 ] || { say 'setup.sh must run as root' >&2; exit 1; }
}

running() { # does a run hold the lock?
    [ -e "$STATE/lock" ] && ! flock -sn "$STATE/lock" true
}
