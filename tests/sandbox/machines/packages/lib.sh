# shellcheck shell=sh
# What the stand-ins share: the log of calls that tests read, root's privilege, and time passing as the sandbox's setting
# `setup` says.

log_call() { printf '%s %s %s\n' "$(date +%T)" "${0##*/}" "$*" >>/var/log/standins.log; }

need_root() { [ "$(id -u)" = 0 ] || { echo "${0##*/}: permission denied: not root" >&2; exit 1; }; }

outside() { /opt/.rt/sbin/attach /var/lib/sandbox/outside.sock "$1" "${2:-/dev/null}"; }

pause() { outside "pause $1" >/dev/null; }
