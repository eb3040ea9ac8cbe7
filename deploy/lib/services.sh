# shellcheck shell=bash
# shellcheck disable=SC2034  # settings are read by the names in the table
#
# The product's own processes and the sandbox: what each is started with. A
# service sees the settings its row names and nothing else of this environment.
# Lines NAME=value in RUN_DIR/settings/<service>.env (or all.env) add to that.

# Names that are the run's own variables under the same name.
declare -A SERVICE_SETTINGS=(
    [api-gateway]='KAFKA_BOOTSTRAP MACHINE_HTTPS_PORT PAGES_DIR OPENAPI_FILE OPENCLAW_VERSION'
    [key-provisioner]='KAFKA_BOOTSTRAP MASTER_KEYS OPENROUTER_PROVISIONING_KEY OPENROUTER_URL'
    [ovh-orderer]='KAFKA_BOOTSTRAP MASTER_KEYS OVH_ENDPOINT OVH_APP_KEY OVH_APP_SECRET OVH_CONSUMER_KEY'
    [installer]='KAFKA_BOOTSTRAP MASTER_KEYS MACHINE_SSH_PORT SETUP_SCRIPT SETUP_VALUES DASHBOARD_ORIGIN OPENCLAW_VERSION'
    [health-monitor]='KAFKA_BOOTSTRAP MACHINE_HTTPS_PORT MACHINE_CA_FILE DASHBOARD_ORIGIN'
)

# The sandbox is quicker than the world and one person's demo deploys often: shorter pauses, wider limits.
declare -A DEMO_TEMPO=(
    [api-gateway]='DEPLOYS_PER_HOUR=1000'
    [key-provisioner]='KEY_UNKNOWN_WAIT_S=2'
    [ovh-orderer]='DELIVERY_POLL_S=1 REBUILD_POLL_S=1 ADDRESS_POLL_S=1 RELEASE_POLL_S=2 OVH_UNKNOWN_WAIT_S=20 OVH_RATE=6000 OVH_BURST=1000 OVH_REMEMBER_S=1'
    [installer]='SETUP_POLL_S=0.5 CONNECT_POLL_S=0.5'
    [health-monitor]='PROBE_POLL_S=0.5 RECHECK_S=1 WATCH_POLL_S=15'
)

# What a person may set for all services from outside; passed on when set.
PASSED_ON=(LOG_LEVEL WORKERS ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS TSAN_OPTIONS)

# Sets SERVICE_ENV for one copy of a service.
service_env() {
    local name=$1 service=${1%.*} port role password setting value
    port_of "$name" port
    role=${service//-/_}
    password=${role^^}_DB_PASSWORD
    PAGES_DIR=$ROOT/frontend/dist
    OPENAPI_FILE=$ROOT/proto/openapi.yaml
    SETUP_SCRIPT=$ROOT/build/setup.sh
    DASHBOARD_ORIGIN=$API_URL
    SERVICE_ENV=(PATH=/usr/bin:/bin LC_ALL=C.UTF-8
        DATABASE_URL="$(database_url "$role" "${!password}")" HTTP_LISTEN="127.0.0.1:$port")
    for setting in ${SERVICE_SETTINGS[$service]}; do
        SERVICE_ENV+=("$setting=${!setting}")
    done
    for setting in ${DEMO_TEMPO[$service]}; do
        SERVICE_ENV+=("$setting")
    done
    for setting in "${PASSED_ON[@]}"; do
        value=${!setting-}
        [[ -z $value ]] || SERVICE_ENV+=("$setting=$value")
    done
    add_settings_file "$RUN_DIR/settings/all.env"
    add_settings_file "$RUN_DIR/settings/$service.env"
}

add_settings_file() {
    local line
    [[ -r $1 ]] || return 0
    while IFS= read -r line; do
        [[ ! $line =~ ^[A-Z_0-9]+= ]] || SERVICE_ENV+=("$line")
    done <"$1"
}

spawn_service() {
    service_env "$1"
    spawn "$1" env -i "${SERVICE_ENV[@]}" "$BIN_DIR/${1%.*}"
}

# service_answers NAME PATH: 2xx to /healthz or /readyz.
service_answers() {
    local port
    port_of "$1" port
    curl -fs -o /dev/null -m 2 "http://127.0.0.1:$port$2"
}

wait_healthy() {
    wait_for "$1" 20 "answer to /healthz" service_answers "$1" /healthz
}

wait_ready() {
    wait_for "$1" 30 "answer to /readyz" service_answers "$1" /readyz
}

# Booted machines come by their packages as this user does: by the tools' own settings, of which some are variables.
package_settings() {
    local name
    while IFS= read -r name; do
        printf '%s\0' "$name=${!name}"
    done < <(compgen -e | grep -iE '^(home|xdg_cache_home|https?_proxy|node_extra_ca_certs|(npm_config|sandbox)_.*)$')
}

start_sandbox() {
    local more=()
    mkdir -p "$RUN_DIR/sandbox"
    [[ $SANDBOX_MACHINES != nspawn ]] || mapfile -d '' more < <(package_settings)
    spawn sandbox env -i "${more[@]}" PATH="$PATH" LC_ALL=C.UTF-8 SANDBOX_PORT="$((PORT_BASE + 1))" SANDBOX_DIR="$RUN_DIR/sandbox" \
        SANDBOX_NET="$SANDBOX_NET" SANDBOX_SSH_PORT="$MACHINE_SSH_PORT" SANDBOX_HTTPS_PORT="$MACHINE_HTTPS_PORT" \
        SANDBOX_MACHINES="$SANDBOX_MACHINES" OVH_APP_KEY="$OVH_APP_KEY" OVH_APP_SECRET="$OVH_APP_SECRET" OVH_CONSUMER_KEY="$OVH_CONSUMER_KEY" \
        OPENROUTER_PROVISIONING_KEY="$OPENROUTER_PROVISIONING_KEY" "$ROOT/tests/sandbox/run"
    wait_for sandbox 30 "answer to /_/healthz" curl -fs -o /dev/null -m 2 "$SANDBOX_URL/_/healthz"
}

# clawctl as the owner of the database; standard input goes through.
run_clawctl() {
    (cd "$ROOT" && exec env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 DATABASE_URL="$DATABASE_URL" \
        KAFKA_BOOTSTRAP="$KAFKA_BOOTSTRAP" timeout 60 "$BIN_DIR/clawctl" "$@") >>"$RUN_DIR/log/clawctl.log" 2>&1
}

prepare_database() {
    run_clawctl migrate || clawctl_failed migrate || return 1
    set_role_passwords || return 1
    [[ ! -e $RUN_DIR/started/demo-user ]] || return 0
    run_clawctl user add "$DEMO_EMAIL" <<<"$DEMO_PASSWORD" || clawctl_failed "user add $DEMO_EMAIL" || return 1
    : >"$RUN_DIR/started/demo-user"
}

# A broker that has just begun to listen may need a moment until it can make topics.
prepare_topics() {
    local attempt
    for attempt in 1 2 3 4 5; do
        run_clawctl topics && return
        is_alive kafka || break
        sleep "0.$attempt"
    done
    clawctl_failed topics
}

clawctl_failed() {
    say "clawctl $1 failed" >&2
    show_log clawctl
    return 1
}
