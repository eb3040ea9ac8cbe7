# shellcheck shell=bash
#
# Which port belongs to whom: every one derives from PORT_BASE, and PORT_BASE
# from the checkout's path, so that two checkouts run side by side.

WORKERS_IN_ORDER=(key-provisioner ovh-orderer installer health-monitor)

default_port_base() {
    local sum
    sum=$(printf '%s' "$ROOT" | cksum)
    printf '%s\n' $((20000 + 100 * (${sum%% *} % 120)))
}

# port_of NAME RESULT: the port a part listens on; fails for a name that is no part.
port_of() {
    local -n port_result=$2
    local copy=${1##*.}
    # shellcheck disable=SC2034  # the caller's variable
    case $1 in
    sandbox) port_result=$((PORT_BASE + 1)) ;;
    postgres) port_result=$((PORT_BASE + 2)) ;;
    kafka) port_result=$((PORT_BASE + 3)) ;;
    api-gateway.1) port_result=$PORT_BASE ;;
    api-gateway.[2-9]) port_result=$((PORT_BASE + 50 + copy)) ;;
    key-provisioner.[1-9]) port_result=$((PORT_BASE + 10 + copy)) ;;
    ovh-orderer.[1-9]) port_result=$((PORT_BASE + 20 + copy)) ;;
    installer.[1-9]) port_result=$((PORT_BASE + 30 + copy)) ;;
    health-monitor.[1-9]) port_result=$((PORT_BASE + 40 + copy)) ;;
    *) return 1 ;;
    esac
}

somebody_listens() {
    { : <>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null
}

# Refuses to start a part whose port a stranger holds.
require_port() {
    local name=$1 port
    port_of "$name" port
    require_free "$port" "$name"
    [[ $name != kafka ]] || require_free $((PORT_BASE + 4)) "kafka's controller"
}

# A part that was just killed may hold its port for a moment longer than its pid.
require_free() {
    local left
    for ((left = 30; left > 0; left--)); do
        somebody_listens "$1" || return 0
        sleep 0.1
    done
    die "port $1 ($2) is taken by another program; choose other ports, for example PORT_BASE=$((PORT_BASE + 100 > 31900 ? 20000 : PORT_BASE + 100)) (now $PORT_BASE)"
}

# Sets ALL_PARTS to everything a demo with COPIES copies of each worker runs, in the order it starts.
list_parts() {
    local worker copy
    ALL_PARTS=(postgres kafka sandbox api-gateway.1)
    for worker in "${WORKERS_IN_ORDER[@]}"; do
        for ((copy = 1; copy <= COPIES; copy++)); do
            ALL_PARTS+=("$worker.$copy")
        done
    done
}
