#!/bin/bash
# Turns a fresh VPS (Ubuntu 22.04 or 24.04, Debian 12 or 13) into a running OpenClaw behind Caddy.
#
#   setup.sh start           reads setup.env beside this file, then works on in the background; safe to repeat
#   setup.sh follow OFFSET   prints the status, "offset N", an empty line, and the log from OFFSET on
#   setup.sh result          prints what the caller must know when all is done, as JSON
#   setup.sh upgrade         reads upgrade.env beside this file, then brings OpenClaw to that version in the background, or
#                            back to the one before; followed and safe to repeat as the setup is
#   setup.sh certificates    prints what the web server was given (a tar archive): uploaded as certificates.tgz before the
#                            start on a reinstalled machine, it is used again, because authorities give few at a time
#
# Every step may run again and a finished step is skipped, so after a lost connection, a failure or a reboot the answer
# is always the same: start again. No secret is ever an argument of a command or a line of the log.
# shellcheck disable=SC2317 # steps are called by name
set -Eeuo pipefail
umask 022
export HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
export NEEDRESTART_MODE=a NEEDRESTART_SUSPEND=1 # it would restart this very run
PATH=${PATH:-/usr/sbin:/usr/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

#include pins.sh
#include places.sh
#include words.sh
#include values.sh
#include tools.sh
#include beside.sh
#include system.sh
#include node.sh
#include openclaw.sh
#include caddy.sh
#include services.sh
#include upgrade.sh
#include run.sh
#include caller.sh

main() {
    need_root
    case ${1:-} in
    start) start setup ;;
    upgrade)
        [ -s "$STATE/result.json" ] || { say 'nothing is set up here' >&2; exit 1; }
        start upgrade ;;
    run) run "${2:-setup}" ;;
    follow) follow "${2:-0}" ;;
    result)
        cat "$STATE/result.json"
        finish_forgetting ;;
    certificates) [ ! -d "$CADDY_STORE" ] || tar -czf - -C "$CADDY_HOME" "${CADDY_STORE#"$CADDY_HOME/"}" ;;
    *) say 'usage: setup.sh start|upgrade|follow OFFSET|result|certificates' >&2; exit 2 ;;
    esac
}

main "$@"
exit
