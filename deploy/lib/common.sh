# shellcheck shell=bash
#
# What every script here starts from: where the checkout is, how to speak to a
# person, and how to wait for a condition. Nothing waits without a deadline.

ROOT=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd -P)
export ROOT

say() {
    printf '%s\n' "$*"
}

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# now_ms RESULT: the clock in milliseconds, without a process.
now_ms() {
    local -n now_ms_result=$1
    # shellcheck disable=SC2034  # the caller's variable
    now_ms_result=${EPOCHREALTIME/[.,]/}
    now_ms_result=${now_ms_result%???}
}

# wait_until SECONDS COMMAND...: asks again every 50 ms, gives up after SECONDS.
wait_until() {
    local start now deadline_ms=$(($1 * 1000))
    shift
    now_ms start
    until "$@"; do
        now_ms now
        ((now - start < deadline_ms)) || return 1
        sleep 0.05
    done
}

# random_hex BYTES
random_hex() {
    od -An -vtx1 -N"$1" /dev/urandom | tr -d ' \n'
}
